using System.Globalization;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Inpod;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Reach;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Tests.Pods;

/// <summary>A registry with two workers of its own and real listeners in real namespaces, and a node agent for it to follow.</summary>
internal sealed class RegistryWorld : IInpodAgent, IAsyncDisposable
{
    /// <summary>Outbound, inbound plaintext and inbound HBONE, on both workers.</summary>
    public const int ListenersPerPod = 6;
    private static readonly string[] PortsInHex = [":3A99", ":3A9E", ":3AA0"]; // 15001, 15006, 15008
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mesh-registry-");
    private readonly Log _log = new(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
    private readonly Readiness _readiness = new();
    private readonly List<Worker> _workers = [];
    private readonly List<NetworkNamespace> _namespaces = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly EventLoop _own = EventLoop.Start(new EventLoopOptions { Name = "registry", OnFault = (_, _) => { } });
    private CertificateStore _certificates = null!;
    private Task _running = Task.CompletedTask;

    private RegistryWorld()
    {
    }

    public EventLoop AgentLoop { get; } = EventLoop.Start(new EventLoopOptions { Name = "agent", OnFault = (_, _) => { } });

    public string Path => System.IO.Path.Combine(_folder.FullName, "z.sock");

    public PodRegistry Registry { get; private set; } = null!;

    public InpodServer Agent { get; private set; } = null!;

    /// <summary>What the agent's next snapshot says.</summary>
    public List<InpodPod> Snapshot { get; } = [];

    public bool IsReady => _readiness.IsReady;

    /// <summary>Without an agent yet.</summary>
    public static async Task<RegistryWorld> StartAsync()
    {
        var world = new RegistryWorld();
        var options = new ZtunnelOptions { Mode = ProxyMode.Shared, NodeName = "here", InpodPath = world.Path, FakeCa = true, DnsEnabled = false, PreserveSource = false };
        var metrics = new Metrics();
        var (source, problem) = CertificateSources.Create(options, world._log.Scope("certificates"), TimeProvider.System);
        Assert.Null(problem);
        world._certificates = new CertificateStore(source!, new TunnelIdentities(null, null), world._log.Scope("certificates"), TimeProvider.System, new Random(1));
        var context = new ProxyContext(
            options,
            new MeshView(new MeshSnapshotBuilder(options.NodeName).Freeze()),
            world._certificates,
            new ConnectionMetrics(metrics),
            new AccessLog(world._log.Scope("access"), world._log.Scope("policy"), TimeProvider.System, options.AccessLog, options.PolicyInfoLogging),
            world._log,
            new HboneOptions(),
            TimeProvider.System)
        {
            Reach = new ReachMetrics(metrics),
            Dns = DnsSettings.Create(options, world._log, metrics),
        };
        for (var i = 0; i < 2; i++) world._workers.Add(await Worker.StartAsync($"worker-{i}", context, i));
        world.Registry = new PodRegistry(context, world._workers, world._own, world._readiness.Add("pods"), metrics);
        world._running = world._own.InvokeAsync(() => world.Registry.RunAsync(world._stop.Token));
        return world;
    }

    /// <summary>With an agent, whose first snapshot was taken.</summary>
    public static async Task<RegistryWorld> StartWithAgentAsync(Action<RegistryWorld>? prepare = null)
    {
        var world = await StartAsync();
        prepare?.Invoke(world);
        await world.StartAgentAsync();
        return world;
    }

    public async Task StartAgentAsync()
    {
        Agent = await InpodServer.StartAsync(AgentLoop, new InpodServerOptions { Path = Path, AcceptInterval = TimeSpan.FromMilliseconds(1) }, this);
        Until("the snapshot", () => IsReady || Registry.Pending.Count > 0);
    }

    public async Task StopAgentAsync()
    {
        await Agent.DisposeAsync();
        Until("the loss", () => !IsReady);
    }

    /// <summary>The registry ends as at the end of the process; what it serves is served on.</summary>
    public async Task StopRegistryAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>A pod's fresh namespace; the test is skipped where none can be made.</summary>
    public NetworkNamespace MakeNamespace()
    {
        try
        {
            _namespaces.Add(NetworkNamespace.CreateNew());
            return _namespaces[^1];
        }
        catch (LinuxException e) when (e.Error == Errno.NotPermitted)
        {
            Assert.Skip("needs CAP_SYS_ADMIN to create network namespaces");
            throw;
        }
    }

    public Task<InpodOutcome> AddAsync(string uid, NetworkNamespace inside) => Agent.AddAsync(uid, InfoOf(uid), inside, TimeSpan.FromSeconds(30));

    public static PodInfo InfoOf(string uid) => new(uid, "shop", "default");

    /// <summary>Our ports' listening sockets in there, as the kernel has them.</summary>
    public static int Listeners(NetworkNamespace inside) => inside.Run(static () => File.ReadLines("/proc/thread-self/net/tcp")
        .Concat(File.ReadLines("/proc/thread-self/net/tcp6"))
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(static cells => cells[3] == "0A" && PortsInHex.Any(port => cells[1].EndsWith(port, StringComparison.Ordinal))));

    public string PodsServed => string.Join(' ', Registry.Pods.Select(static pod => pod.Uid).Order(StringComparer.Ordinal));

    public void Until(string what, Func<bool> holds) => Namespaced.Shell.WaitFor(
        () => string.Create(CultureInfo.InvariantCulture, $"{what}; ready: {IsReady}, served: {PodsServed}, pending: {Registry.Pending.Count}"), holds);

    IReadOnlyList<InpodPod> IInpodAgent.TakeSnapshot() => Snapshot.ToArray();

    void IInpodAgent.OnConnectionsChanged(int live, string? lost)
    {
    }

    void IInpodAgent.OnSnapshotRefused(string uid, string error)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await StopRegistryAsync();
        if (Agent is { } agent) await agent.DisposeAsync();
        foreach (var pod in Registry.Pods) await pod.CutAsync(RelayEnd.Drained);
        foreach (var worker in _workers) await worker.DisposeAsync();
        await _own.DisposeAsync();
        await AgentLoop.DisposeAsync();
        await _certificates.DisposeAsync();
        foreach (var inside in _namespaces) inside.Dispose();
        _stop.Dispose();
        _log.Dispose();
        _folder.Delete(recursive: true);
    }
}
