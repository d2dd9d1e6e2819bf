using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Outbound;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Reach;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Workers;

/// <summary>
/// One traffic loop: its thread, its tunnels, its live connections. Others reach it by posting; everything here belongs to the loop except
/// what says otherwise.
/// </summary>
internal sealed class Worker : ILoopTimerTarget, IAsyncDisposable
{
    /// <summary>Byte counters of live connections reach the metrics this often.</summary>
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);
    private const int DialledMax = 65_536;
    private readonly Dictionary<(Ip Address, string Uid), MeshWorkload> _dialled = [];
    private readonly ILogger _log;
    private readonly LoopTimer _reports;
    private MeshSnapshot? _considered;
    private int _reconsidering;
    private long _sourceLostToldUntil;

    private Worker(string name, EventLoop loop, ProxyContext context, int seed)
    {
        Loop = loop;
        Context = context;
        Pool = new TunnelPool(loop, context.Hbone, loop.Time);
        Series = new SeriesCache(context.Metrics);
        Chance = new Random(seed);
        Peers = new PeerTable(loop, context.Reach, context.Time);
        EndpointNames = new EndpointNames(loop, context);
        _log = context.Log.Scope("worker");
        _reports = new LoopTimer(loop, this);
        InboundTunnels = context.Metrics.InboundTunnels(name);
    }

    public EventLoop Loop { get; }

    public ProxyContext Context { get; }

    public TunnelPool Pool { get; }

    public LiveConnections Live { get; } = new();

    /// <summary>Tunnels of peers that live here, or are on their way here. Any thread.</summary>
    public Gauge InboundTunnels { get; }

    public EndpointLoads Loads { get; } = new();

    public PeerTable Peers { get; }

    /// <summary>The pods that listen here.</summary>
    public HashSet<PodLane> Lanes { get; } = [];

    /// <summary>Addresses of endpoints that have only a name.</summary>
    public EndpointNames EndpointNames { get; }

    public SeriesCache Series { get; }

    public Random Chance { get; }

    /// <summary>DNS requests whose answer takes a while; they are waited for at the end as connections are.</summary>
    public int OpenQuestions { get; set; }

    /// <summary>Connections being carried and questions being answered; any thread, approximate.</summary>
    public int LiveCount => Live.Count + OpenQuestions;

    public static async Task<Worker> StartAsync(string name, ProxyContext context, int seed)
    {
        var faults = context.Log.Scope("loop");
        var loop = EventLoop.Start(new EventLoopOptions
        {
            Name = name,
            OnFault = (where, fault) => faults.LogError(fault, "{Where} failed", where),
        });
        var worker = await loop.InvokeAsync(() => Task.FromResult(new Worker(name, loop, context, seed)));
        context.Mesh.Listen(worker.OnMeshChanged);
        return worker;
    }

    /// <summary>From here to <see cref="End"/> a connection is tracked and counted as open.</summary>
    public void Begin(LiveConnection connection)
    {
        Live.Add(connection);
        OpenOf(connection).Increment();
        if (!_reports.IsArmed) _reports.Arm(ReportInterval);
    }

    public void End(LiveConnection connection)
    {
        OpenOf(connection).Decrement();
        Live.Remove(connection);
    }

    /// <summary>A bug ended one connection, and no other.</summary>
    public void LogFault(Exception fault) => _log.LogError(fault, "a connection failed by a fault of the proxy");

    /// <summary>The kernel had no port left for dialling as this client, or does not know the address: counted, and told once a minute.</summary>
    public void NoteSourceLost(Ip client, IpPort target, Errno error)
    {
        Context.Metrics.SourceLost.Increment();
        if (Loop.NowMilliseconds < _sourceLostToldUntil) return;
        _sourceLostToldUntil = Loop.NowMilliseconds + (long)TimeSpan.FromMinutes(1).TotalMilliseconds;
        _log.LogWarning("the application at {Target} cannot be dialled as {Client} ({Error}): it sees its own address instead", target, client, error);
    }

    /// <summary>Remembers who was dialled, so that tunnels to a workload that changed are given up at once.</summary>
    public void NoteDialled(Ip address, MeshWorkload workload)
    {
        if (_dialled.Count >= DialledMax) _dialled.Clear(); // Such tunnels then live until they fail or are unused.
        _dialled[(address, workload.Uid)] = workload;
    }

    /// <summary>Ends the tunnels whose peers these lists name, and how many connections they carried. Loop thread only.</summary>
    public (int Inbound, int Outbound) CutRevoked(RevocationLists lists)
    {
        var inbound = 0;
        foreach (var lane in Lanes) inbound += lane.CutRevoked(lists);
        return (inbound, Pool.CutRevoked(lists));
    }

    public void OnTimer(LoopTimer timer)
    {
        Live.Each(
            static (connection, _) =>
            {
                connection.Report();
                connection.KeepAlive();
                connection.Lapse();
            },
            0);
        if (Live.Count > 0) _reports.Arm(ReportInterval);
    }

    public async ValueTask DisposeAsync()
    {
        await Loop.InvokeAsync(() =>
        {
            _reports.Cancel();
            Pool.Dispose();
            return Task.CompletedTask;
        });
        await Loop.DisposeAsync();
    }

    private Gauge OpenOf(LiveConnection connection) =>
        connection.Direction == Direction.Outbound ? Context.Metrics.OpenOutbound : Context.Metrics.OpenInbound;

    /// <summary>Any thread: asks the loop to look at its connections again; several changes may be looked at once.</summary>
    private void OnMeshChanged(MeshSnapshot mesh)
    {
        if (Interlocked.Exchange(ref _reconsidering, 1) == 0) Loop.Post(static worker => ((Worker)worker!).Reconsider(), this);
    }

    private void Reconsider()
    {
        Volatile.Write(ref _reconsidering, 0);
        var mesh = Context.Mesh.Current;
        if (ReferenceEquals(mesh, _considered)) return;
        _considered = mesh;
        DropChangedPeers(mesh);
        Live.Each(static (connection, now) => connection.Reconsider(now), mesh);
    }

    private void DropChangedPeers(MeshSnapshot mesh)
    {
        List<((Ip Address, string Uid) Key, bool IsGone)>? changed = null;
        foreach (var (key, workload) in _dialled)
        {
            var now = mesh.FindWorkload(workload.Uid); // Not by address: several may share one, and one may be known by a name only.
            if (ReferenceEquals(now, workload)) continue;
            var isGone = now is null || workload.HasAddress(key.Address) && !now.HasAddress(key.Address);
            if (isGone || now!.Identity != workload.Identity || !now.AcceptsHbone) (changed ??= []).Add((key, isGone));
        }

        foreach (var (key, isGone) in changed ?? [])
        {
            _dialled.Remove(key);
            // Another pod took the address or the pod left: nobody is behind these tunnels any more.
            if (isGone) Pool.CutDestination(key.Address.ToIPAddress(), TunnelEndReason.PeerChanged);
            else Pool.ForgetDestination(key.Address.ToIPAddress());
        }
    }
}
