using System.Text.Json.Nodes;
using Mesh.Cni.Install;
using Mesh.Cni.Plugin;

namespace Mesh.Cni.Tests.Install;

public sealed class HostInstallTests : IDisposable
{
    private const string List = """{"name":"a","cniVersion":"0.3.1","plugins":[{"type":"bridge"}]}""";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cni-install");
    private readonly string _bin;
    private readonly string _conf;
    private readonly HostInstall _install;

    public HostInstallTests()
    {
        (_bin, _conf) = (Path.Combine(_root.FullName, "bin"), Path.Combine(_root.FullName, "net.d"));
        Directory.CreateDirectory(_bin);
        Directory.CreateDirectory(_conf);
        File.WriteAllText(Source, "the plugin");
        _install = new HostInstall(PlanFor(_bin, _conf, Source));
    }

    private string Source => Path.Combine(_root.FullName, "mesh-cni");

    internal static InstallPlan PlanFor(string bin, string conf, string source, string name = "") => new()
    {
        BinaryDirectory = bin,
        ConfigDirectory = conf,
        PluginSource = source,
        ConfigName = name,
        RunDirectory = "/var/run/istio-cni",
        ExcludedNamespaces = ["kube-system"],
        OwnPods = ["mesh-system/mesh-cni-"],
    };

    [Fact]
    public void The_first_round_installs_and_the_second_writes_nothing()
    {
        Write("10-net.conflist", List);
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        var written = File.GetLastWriteTimeUtc(At("10-net.conflist"));
        Assert.Equal(InstallOutcome.Unchanged, _install.Ensure());
        Assert.Equal(written, File.GetLastWriteTimeUtc(At("10-net.conflist")));
        Assert.Equal("the plugin", File.ReadAllText(Path.Combine(_bin, "mesh-cni")));
        Assert.True(File.GetUnixFileMode(Path.Combine(_bin, "mesh-cni")).HasFlag(UnixFileMode.OtherExecute));
        Assert.Equal(["bridge", "mesh-cni"], TypesIn("10-net.conflist"));
        Assert.Single(Directory.GetFiles(_conf)); // Nothing temporary stays.
    }

    [Fact]
    public void The_plugin_is_read_again_only_after_it_or_its_copy_has_changed()
    {
        Write("10-net.conflist", List);
        for (var round = 0; round < 5; round++) _install.Ensure();
        var settled = _install.Comparisons;
        Assert.InRange(settled, 1, 2); // To copy it, and to see that the copy is right.
        for (var round = 0; round < 5; round++) _install.Ensure();
        Assert.Equal(settled, _install.Comparisons);

        // Of the same length, and with the old time put back: the kernel knows better.
        var copy = Path.Combine(_bin, "mesh-cni");
        var written = File.GetLastWriteTimeUtc(copy);
        AwaitAnotherStamp();
        File.WriteAllText(copy, "a stranger");
        File.SetLastWriteTimeUtc(copy, written);
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.Equal("the plugin", File.ReadAllText(copy));
        File.WriteAllText(Source, "new plugin");
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.Equal("new plugin", File.ReadAllText(copy));
    }

    /// <summary>The kernel stamps changes by its tick: from here on they get another one than those before.</summary>
    private void AwaitAnotherStamp()
    {
        var probe = _bin + ".probe";
        DateTime Touch()
        {
            File.WriteAllText(probe, "x");
            return File.GetLastWriteTimeUtc(probe);
        }

        var before = Touch();
        Assert.True(SpinWait.SpinUntil(() => Touch() > before, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Without_another_plugin_there_is_nothing_to_join_yet()
    {
        Assert.Equal(InstallOutcome.NoConfig, _install.Ensure());
        Assert.NotEmpty(_install.Problem);
        Write("05-broken.conflist", "{");
        Write("06-empty.conflist", """{"name":"x","plugins":[]}""");
        Write("07-notes.txt", List);
        Write("99-loopback.json", List);
        Assert.Equal(InstallOutcome.NoConfig, _install.Ensure());
        Write("10-net.conflist", List);
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.Empty(_install.Problem);
        Assert.Equal("{", File.ReadAllText(At("05-broken.conflist")));
    }

    [Fact]
    public void The_first_valid_file_by_name_is_joined_or_the_one_asked_for()
    {
        Write("10-a.conflist", List);
        Write("20-b.conflist", List);
        _install.Ensure();
        Assert.Equal(["bridge"], TypesIn("20-b.conflist"));
        Assert.Equal(InstallOutcome.Installed, new HostInstall(PlanFor(_bin, _conf, Source, name: "20-b.conf")).Ensure());
        Assert.Equal(["bridge", "mesh-cni"], TypesIn("20-b.conflist"));
    }

    [Fact]
    public void A_single_plugin_file_is_replaced_by_a_list()
    {
        Write("10-net.conf", """{"name":"a","cniVersion":"0.4.0","type":"bridge"}""");
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.False(File.Exists(At("10-net.conf")));
        Assert.Equal(["bridge", "mesh-cni"], TypesIn("10-net.conflist"));
        Assert.Equal(InstallOutcome.Unchanged, _install.Ensure());
    }

    [Fact]
    public void What_a_rival_undoes_is_done_again()
    {
        Write("10-net.conflist", List);
        _install.Ensure();
        Write("10-net.conflist", List);
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        File.Delete(Path.Combine(_bin, "mesh-cni"));
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.True(File.Exists(Path.Combine(_bin, "mesh-cni")));
    }

    [Fact]
    public void A_half_written_file_of_an_earlier_round_does_no_harm()
    {
        Write("10-net.conflist", List);
        Write("10-net.conflist.mesh-tmp", "half");
        Assert.Equal(InstallOutcome.Installed, _install.Ensure());
        Assert.Equal(["bridge", "mesh-cni"], TypesIn("10-net.conflist"));
        Assert.False(File.Exists(At("10-net.conflist.mesh-tmp")));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_outcome_with_its_reason()
    {
        var missing = new HostInstall(PlanFor(Path.Combine(_root.FullName, "no-such"), _conf, Source));
        Assert.Equal(InstallOutcome.CopyFailed, missing.Ensure());
        Assert.Contains("no-such", missing.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Hints_that_cannot_be_written_are_told_and_old_ones_go()
    {
        var path = PluginHints.PathBeside(_bin);
        var hints = new PluginHints(new HashSet<string> { "plain" }, IsUninstalled: false);
        Assert.Empty(_install.TryWriteHints(hints));
        Directory.CreateDirectory(path + ".mesh-tmp"); // As good as a full disk: the new file cannot be made.
        File.WriteAllText(path + ".mesh-tmp/x", "");

        Assert.NotEmpty(_install.TryWriteHints(hints with { PlainNamespaces = new HashSet<string>() }));
        Assert.False(File.Exists(path));

        Directory.Delete(path + ".mesh-tmp", recursive: true);
        Assert.Empty(_install.TryWriteHints(hints));
        Assert.NotNull(PluginHints.TryRead(path));
    }

    [Fact]
    public void Leaving_takes_our_entry_and_keeps_a_plugin_that_answers()
    {
        Write("10-net.conflist", List);
        _install.Ensure();
        _install.Remove();
        Assert.Equal(["bridge"], TypesIn("10-net.conflist"));
        Assert.True(File.Exists(Path.Combine(_bin, "mesh-cni")));
        Assert.True(PluginHints.TryRead(PluginHints.PathBeside(_bin))!.IsUninstalled);
        _install.Remove();
    }

    [Fact]
    public void The_mode_of_another_plugins_file_is_kept()
    {
        Write("10-net.conflist", List);
        File.SetUnixFileMode(At("10-net.conflist"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        _install.Ensure();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(At("10-net.conflist")));
    }

    public void Dispose() => _root.Delete(recursive: true);

    private string At(string name) => Path.Combine(_conf, name);

    private void Write(string name, string content) => File.WriteAllText(At(name), content);

    private string[] TypesIn(string name) =>
        [.. JsonNode.Parse(File.ReadAllText(At(name)))!["plugins"]!.AsArray().Select(p => (string)p!["type"]!)];
}
