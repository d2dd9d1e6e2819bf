using Mesh.Hbone;
using Mesh.Inpod;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Sockets;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Pods;

/// <summary>
/// Everything this proxy does for one pod: listeners in its namespace on every worker, and the origin of its tunnels. A dedicated proxy is
/// one of these in its own namespace. Started and stopped by its owner; the rest any thread.
/// </summary>
internal sealed class PodProxy(string uid, PodInfo info, NetworkNamespace? inside, ProxyContext context, IReadOnlyList<Worker> workers) : ITunnelOrigin
{
    private readonly PodLane[] _lanes = new PodLane[workers.Count];
    private SocketOptions? _dialOptions;
    private LocalPod? _local;
    private PodDns? _dns;
    private int _lanesOpen;

    public string Uid { get; } = uid;

    public PodInfo Info { get; } = info;

    /// <summary>Null for a dedicated proxy.</summary>
    public NetworkNamespace? Namespace { get; } = inside;

    /// <summary>Only tunnels to it are taken: the proxy's own pod, whose other traffic nobody redirects.</summary>
    public bool IsInboundOnly { get; init; }

    /// <summary>The mark of its sockets: what the pod's rules know ours by. The proxy's own pod has no rules.</summary>
    public uint Mark => IsInboundOnly ? 0 : context.Options.PacketMark;

    /// <summary>Inbound connections carry the client's address on to the application. Whether we may was found out at the start.</summary>
    public bool PreservesSource => !IsInboundOnly && context.Options.PreserveSource != false;

    /// <summary>Who answers this pod's names; null when nobody does.</summary>
    public PodDns? Dns => _dns;

    public IReadOnlyList<PodLane> Lanes => new ArraySegment<PodLane>(_lanes, 0, Volatile.Read(ref _lanesOpen));

    /// <summary>The pod's workload in the newest snapshot.</summary>
    public LocalPod Local
    {
        get
        {
            var mesh = context.Mesh.Current;
            var known = Volatile.Read(ref _local);
            if (known is not null && ReferenceEquals(known.Mesh, mesh)) return known;
            var workload = mesh.FindLocalWorkload(Info.Namespace, Info.Name, Info.ServiceAccount);
            var fresh = new LocalPod(mesh, workload);
            Volatile.Write(ref _local, fresh);
            return fresh;
        }
    }

    TunnelIdentity? ITunnelOrigin.Identity => Local.Workload is { } workload ? context.Certificates.Find(workload.Identity) : null;

    /// <summary>
    /// Opens the listeners on every worker; null, or why the pod cannot be served. Then, and when it throws, nothing is left open and the
    /// namespace is still there for another try.
    /// </summary>
    public async Task<string?> StartAsync()
    {
        string? problem = "the start failed";
        try
        {
            return problem = await OpenAsync();
        }
        finally
        {
            if (problem is not null) await CloseAsync(RelayEnd.Drained);
        }
    }

    private async Task<string?> OpenAsync()
    {
        for (var i = 0; i < workers.Count; i++)
        {
            var lane = new PodLane(this, workers[i]);
            var problem = await workers[i].Loop.InvokeAsync(() => Task.FromResult(lane.Open()));
            if (problem is not null) return problem;
            _lanes[i] = lane;
            Volatile.Write(ref _lanesOpen, i + 1); // Those before accept already, and may look for the one with the fewest tunnels.
            if (!context.Options.PortReuse) break; // Without sharing the ports one worker accepts for all.
        }

        if (await OpenDnsAsync() is { } refused) return refused;
        if (Local.Workload is { AcceptsHbone: true } workload) context.Certificates.Prefetch(workload.Identity);
        return null;
    }

    /// <summary>No new connections; inbound tunnels are told to finish.</summary>
    public async Task DrainAsync()
    {
        await Task.WhenAll(Lanes.Select(static lane => lane.Worker.Loop.InvokeAsync(lane.DrainAsync))); // One that hangs keeps no other.
        if (_dns is { } dns) dns.Worker.Loop.Post(static drained => ((PodDns)drained!).Drain(), dns);
    }

    /// <summary>Everything of this pod ends now.</summary>
    public async Task CutAsync(RelayEnd reason)
    {
        await CloseAsync(reason);
        Namespace?.Dispose();
    }

    /// <summary>Where a tunnel accepted at <paramref name="at"/> is to live: there, unless another worker has fewer. Any thread.</summary>
    public PodLane LaneForTunnel(PodLane at)
    {
        var best = at;
        foreach (var lane in _lanes.AsSpan(0, Volatile.Read(ref _lanesOpen)))
        {
            if (lane.Worker.InboundTunnels.Value < best.Worker.InboundTunnels.Value) best = lane;
        }

        return best;
    }

    /// <summary>The workload, waiting for the control plane to tell about it if need be. On a loop.</summary>
    public async ValueTask<LocalPod?> WaitForWorkloadAsync(EventLoop loop)
    {
        if (Local is { Workload: not null } now) return now;
        var deadline = loop.NowMilliseconds + (long)context.Options.WorkloadWait.TotalMilliseconds;
        while (true)
        {
            var changed = context.Mesh.NextChange;
            if (Local is { Workload: not null } found) return found;
            var left = deadline - loop.NowMilliseconds;
            if (left <= 0) return null;
            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromMilliseconds(left), loop.Time));
        }
    }

    /// <summary>How sockets that listen in this pod are made.</summary>
    public SocketOptions ListenOptions => new() { Namespace = Namespace, Mark = Mark, ReusePort = context.Options.PortReuse };

    /// <summary>How sockets that leave from this pod are made.</summary>
    public SocketOptions DialOptions => _dialOptions ??= new SocketOptions
    {
        Namespace = Namespace,
        Mark = Mark,
        KeepAlive = context.Options.KeepAlive,
        UserTimeout = context.Options.UserTimeout,
    };

    /// <summary>All questions of a pod go to one worker, another one for each pod; null, or why they cannot be answered.</summary>
    private async Task<string?> OpenDnsAsync()
    {
        if (!context.Dns.IsServing || IsInboundOnly) return null;
        var at = context.Options.PortReuse ? (int)((uint)string.GetHashCode(Uid, StringComparison.Ordinal) % (uint)workers.Count) : 0;
        var dns = new PodDns(this, workers[at], context.Dns);
        var problem = await dns.Worker.Loop.InvokeAsync(() =>
        {
            try
            {
                return Task.FromResult(dns.Open());
            }
            catch
            {
                dns.Dispose();
                throw;
            }
        });
        if (problem is null) _dns = dns;
        return problem;
    }

    private async Task CloseAsync(RelayEnd reason)
    {
        await Task.WhenAll(Lanes.Select(lane => lane.Worker.Loop.InvokeAsync(() =>
        {
            lane.Cut(reason);
            return Task.CompletedTask;
        })));

        if (_dns is not { } dns) return;
        await dns.Worker.Loop.InvokeAsync(() =>
        {
            dns.Dispose();
            return Task.CompletedTask;
        });
    }
}
