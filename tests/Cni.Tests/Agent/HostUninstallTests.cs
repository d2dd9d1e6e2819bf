using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mesh.Cni.Agent;
using Mesh.Cni.Install;
using Mesh.Cni.Plugin;
using Mesh.Cni.Redirect;
using Mesh.Cni.Tests.Install;
using Mesh.Cni.Tests.Redirect;
using Mesh.Daemon.Logging;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Tests.Agent;

/// <summary>A node that was away while its mesh was removed, and the way out that the plugin names.</summary>
[Trait("Category", "Kernel")]
public sealed class HostUninstallTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cni-host");
    private readonly MemoryStream _said = new();

    [Fact]
    public async Task Without_a_cluster_the_plugin_the_rules_and_the_probes_table_leave_the_node()
    {
        await using var net = PodWorld.CreateOrSkip();
        using var process = net.Pod.Run(() => Process.Start("sleep", "60"));
        try
        {
            Prepare();
            Directory.CreateDirectory(At($"proc/{process.Id}/ns"));
            File.CreateSymbolicLink(At($"proc/{process.Id}/ns/net"), $"/proc/{process.Id}/ns/net");
            Directory.CreateDirectory(At("proc/self/ns"));
            await PodRedirect.EnsureAsync(net.Pod, new RedirectSettings());
            net.Node.Run(() => Ruleset.Apply(ProbeRules.Render([PodWorld.PodV4], 0, new RedirectSettings())));

            Assert.True(await RunAsync(net));
            Assert.Null(net.Pod.Run(() => Ruleset.Read(RedirectRules.TableName)));
            Assert.Null(net.Node.Run(() => Ruleset.Read(ProbeRules.TableName)));
            Assert.Equal(["bridge"], JsonNode.Parse(File.ReadAllText(At("net.d/10-net.conflist")))!["plugins"]!.AsArray().Select(one => (string)one!["type"]!));
            Assert.True(PluginHints.TryRead(PluginHints.PathBeside(At("bin")))!.IsUninstalled);
            Assert.True(await RunAsync(net)); // And once more.
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task While_the_agent_is_there_nothing_is_touched()
    {
        await using var net = PodWorld.CreateOrSkip();
        Prepare();
        using var agent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        agent.Bind(new UnixDomainSocketEndPoint(At($"run/{PluginConfig.SocketName}")));
        agent.Listen();
        Assert.False(await RunAsync(net));
        Assert.Contains("mesh-cni", File.ReadAllText(At("net.d/10-net.conflist")), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void Prepare()
    {
        foreach (var name in new[] { "proc", "bin", "net.d", "run" }) Directory.CreateDirectory(At(name));
        File.WriteAllText(At("net.d/10-net.conflist"), """{"name":"a","cniVersion":"0.3.1","plugins":[{"type":"bridge"},{"type":"mesh-cni","name":"mesh-cni"}]}""");
    }

    private async Task<bool> RunAsync(PodWorld net)
    {
        using var log = new Log(_said, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var install = new HostInstall(HostInstallTests.PlanFor(At("bin"), At("net.d"), At("bin/mesh-cni")));
        return await new HostUninstall(install, At("run"), At("proc"), net.Node, log.Scope("cni-uninstall")).RunAsync(CancellationToken.None);
    }
}
