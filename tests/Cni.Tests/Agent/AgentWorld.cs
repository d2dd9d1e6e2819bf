using System.Diagnostics;
using System.Text.Json.Nodes;
using Mesh.Cni.Agent;
using Mesh.Cni.Plugin;
using Mesh.Cni.Redirect;
using Mesh.Cni.Selection;
using Mesh.Cni.Tests.Redirect;
using Mesh.Daemon.Logging;
using Mesh.Inpod;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Cluster;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Tests.Agent;

/// <summary>
/// A node with one pod: real namespaces, a real API server, the real agent, and a ztunnel that says yes and writes down what it heard.
/// Only the process tree is a folder, since no kubelet starts the pod.
/// </summary>
internal sealed class AgentWorld : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cni-agent");
    private readonly Process _process;
    private readonly MemoryStream _said = new();
    private readonly Log _log;
    private readonly List<CancellationTokenSource> _ztunnels = [];
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private AgentWorld(PodWorld net, KubernetesClient kubernetes, string space)
    {
        (Net, Kubernetes, Space) = (net, kubernetes, space);
        _process = net.Pod.Run(() => Process.Start("sleep", "60"));
        _log = new Log(_said, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        foreach (var name in new[] { "proc", "bin", "net.d", "run" }) Directory.CreateDirectory(At(name));
        File.WriteAllText(At("net.d/10-net.conflist"), """{"name":"a","cniVersion":"0.3.1","plugins":[{"type":"bridge"}]}""");
        File.WriteAllText(At("plugin"), "the plugin");
    }

    public PodWorld Net { get; }

    public KubernetesClient Kubernetes { get; }

    public string Space { get; }

    /// <summary>Every world is a node of its own on the shared server.</summary>
    private string Node => $"node-of-{Space}";

    /// <summary>What ztunnels heard: "add web", "delete UID", "snapshot".</summary>
    public List<string> Heard { get; } = [];

    public CniOptions Options { get; set; } = null!;

    public static async Task<AgentWorld> StartAsync(ApiServer server, bool withZtunnel = true)
    {
        var kubernetes = server.Connect();
        var net = PodWorld.CreateOrSkip();
        var world = new AgentWorld(net, kubernetes, await server.CreateNamespaceAsync(kubernetes));
        world.Options = new CniOptions
        {
            NodeName = world.Node,
            PodName = "mesh-cni-x",
            PodNamespace = world.Space,
            HostRoot = string.Empty,
            HostProc = world.At("proc"),
            HostNetns = $"/proc/self/fd/{net.Node.Descriptor.Number}",
            BinaryDirectory = world.At("bin"),
            ConfigDirectory = world.At("net.d"),
            RunDirectory = world.At("run"),
            ZtunnelSocket = world.At("ztunnel.sock"),
            MonitoringPort = 0,
            HealthPort = 0,
            SweepInterval = TimeSpan.FromMilliseconds(300),
        };
        await world.StartAgentAsync();
        if (withZtunnel) await world.StartZtunnelAsync();
        return world;
    }

    public string At(string name) => Path.Combine(_folder.FullName, name);

    public async Task StartAgentAsync()
    {
        _stop = new CancellationTokenSource();
        var agent = new CniAgent(Options, Kubernetes, _log, TimeProvider.System, At("plugin"));
        _running = RunAsync(agent, _stop.Token);
        await UntilAsync(() => File.Exists(At("run/pluginevent.sock")), "the agent listens");
    }

    public async Task StopAgentAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async Task StartZtunnelAsync()
    {
        var stop = new CancellationTokenSource();
        _ztunnels.Add(stop);
        var before = Count("snapshot");
        _ = Net.Loop.InvokeAsync(() => ServeAsync(stop.Token));
        await UntilAsync(() => Count("snapshot") > before, "ztunnel got its snapshot");
    }

    public int Count(string heard)
    {
        lock (Heard) return Heard.Count(h => h == heard);
    }

    public Task LabelNamespaceAsync(string? mode) => Kubernetes.PatchAsync(
        Namespace.Resource, ObjectKey.ClusterScoped(Space), PatchKind.Merge,
        new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [EnrolmentRule.ModeLabel] = mode } } }, CancellationToken.None);

    /// <summary>A running pod of this node, with a process in the pod's namespace.</summary>
    public async Task<Pod> RunPodAsync(string name = "web", bool running = true, string? node = null)
    {
        var pod = await Kubernetes.CreateAsync(
            Pod.Resource,
            new Pod
            {
                Metadata = new ObjectMeta { Name = name, Namespace = Space },
                Spec = new PodSpec { NodeName = node ?? Node, ServiceAccountName = "web-account", Containers = [new Container { Name = "c", Image = "i" }] },
            },
            CancellationToken.None);
        if (!running) return pod;
        var proc = Directory.CreateDirectory(At($"proc/{_process.Id}"));
        File.WriteAllText(Path.Combine(proc.FullName, "cgroup"), $"0::/kubepods/pod{pod.Metadata.Uid}/c1\n");
        File.WriteAllText(Path.Combine(proc.FullName, "stat"), $"{_process.Id} (app) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 77 20");
        Directory.CreateDirectory(Path.Combine(proc.FullName, "ns"));
        File.CreateSymbolicLink(Path.Combine(proc.FullName, "ns", "net"), $"/proc/{_process.Id}/ns/net");
        await SetStatusAsync(name, "Running");
        return pod;
    }

    /// <summary>No process shows a pod's namespace any more.</summary>
    public void HideProcesses()
    {
        Directory.Move(At("proc"), At("proc.hidden"));
        Directory.CreateDirectory(At("proc"));
    }

    public void ShowProcesses()
    {
        Directory.Delete(At("proc"));
        Directory.Move(At("proc.hidden"), At("proc"));
    }

    public Task SetStatusAsync(string name, string phase) => Kubernetes.PatchStatusAsync(
        Pod.Resource, new ObjectKey(Space, name),
        new JsonObject
        {
            ["phase"] = phase,
            ["podIP"] = PodWorld.PodV4.ToString(),
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = PodWorld.PodV4.ToString() }),
        },
        CancellationToken.None);

    public async Task<string?> AnnotationAsync(string name = "web") =>
        (await Kubernetes.FindAsync(Pod.Resource, new ObjectKey(Space, name), CancellationToken.None))?.Metadata.Annotations.Find(PodAnnotations.Redirection);

    public Task UntilAnnotatedAsync(string? value, string name = "web") => UntilAsync(async () => await AnnotationAsync(name) == value, $"{name} says {value ?? "nothing"}");

    public bool HasRules() => Net.Pod.Run(() => Ruleset.Read(RedirectRules.TableName)) is not null;

    public bool ExemptsProbes() => Net.Node.Run(() => PodWorld.Command("nft", "list ruleset")).Contains(PodWorld.PodV4.ToString(), StringComparison.Ordinal);

    public Task<AgentReply> AskAsync(string name) => Task.Run(() => AgentCall.Post(
        At("run/pluginevent.sock"),
        "/cmdadd",
        new AddRequest($"/proc/self/fd/{Net.Pod.Descriptor.Number}", name, Space, [new PodAddress(PodWorld.PodV4, 24, null)]).Write(),
        TimeSpan.FromSeconds(5),
        TimeProvider.System));

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(15)) Assert.Fail($"not within 15 s: {what}");
            await Task.Delay(20);
        }
    }

    public string LogText()
    {
        _log.Dispose();
        return System.Text.Encoding.UTF8.GetString(_said.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ztunnel in _ztunnels) await ztunnel.CancelAsync();
        await StopAgentAsync();
        _process.Kill();
        _process.Dispose();
        await Net.DisposeAsync();
        _log.Dispose();
        Kubernetes.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task RunAsync(CniAgent agent, CancellationToken stop)
    {
        await using (agent) await agent.RunAsync(stop);
    }

    private async Task ServeAsync(CancellationToken stop)
    {
        var client = new InpodClient(Net.Loop, Options.ZtunnelSocket);
        while (!stop.IsCancellationRequested)
        {
            using var connection = await client.ConnectAsync(stop);
            while (await connection.NextAsync(stop) is not InpodEvent.Closed and var next)
            {
                lock (Heard)
                {
                    Heard.Add(next switch
                    {
                        InpodEvent.Add add when add.Namespace.Identity == Net.Pod.Identity => $"add {add.Info.Name} {add.Info.ServiceAccount}",
                        InpodEvent.Add add => $"add {add.Info.Name} in a foreign namespace",
                        InpodEvent.Delete => "delete",
                        InpodEvent.Keep => "keep",
                        _ => "snapshot",
                    });
                }

                (next as InpodEvent.Add)?.Namespace.Dispose();
                connection.TryReply(null);
            }
        }
    }
}
