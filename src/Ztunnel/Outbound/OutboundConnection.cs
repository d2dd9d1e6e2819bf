using Mesh.Hbone;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Outbound;

/// <summary>One connection of an application to somewhere: decided, dialled, relayed. Loop thread only.</summary>
internal sealed class OutboundConnection : LiveConnection
{
    /// <summary>Endpoints dialled for one connection before it is given up.</summary>
    private const int AttemptsMax = 3;
    private readonly LoopSocket _application;
    private TunnelRelay? _tunnel;
    private SocketRelay? _plain;

    public OutboundConnection(PodLane lane, LoopSocket application, InetEndpoint peer)
        : base(lane, Direction.Outbound, peer.ToIpPort())
    {
        _application = application;
        var isRedirected = application.TryGetOriginalDestination(out var dialled) == Errno.None;
        IsDirect = !isRedirected;
        Destination = Asked = (isRedirected ? dialled : application.LocalAddress).ToIpPort();
    }

    public override long RequestBytes => _tunnel?.BytesFromApplication ?? _plain?.BytesFromClient ?? 0;

    public override long ResponseBytes => _tunnel?.BytesToApplication ?? _plain?.BytesFromServer ?? 0;

    /// <summary>Nobody redirected it: the listener itself was dialled.</summary>
    private bool IsDirect { get; }

    public async Task RunAsync()
    {
        using var application = _application;
        if (!await ConnectAsync()) return;
        Open();
        var result = _tunnel is not null ? await _tunnel.RunAsync() : await _plain!.RunAsync();
        Close(ResponseFlags.Of(result.End, result.Status), ResponseFlags.TextOf(result.End, result.Status));
    }

    public override void Cut(RelayEnd reason)
    {
        if (_tunnel is { } tunnel) tunnel.Cut(reason);
        else if (_plain is { } plain) plain.Cut(reason);
        else _application.Dispose(); // Still dialling: the relay will find it closed.
    }

    public override void Reconsider(MeshSnapshot mesh)
    {
        // Plain connections to a pod that left would hang until keepalive finds out.
        if (_plain is null || DestinationWorkload is not { } peer || mesh.FindWorkload(peer.Uid) is not null) return;
        if (mesh.FindWorkload(peer.Network, Destination.Address) is not null) _plain.Cut(RelayEnd.PeerChanged);
    }

    /// <summary>Decides and dials, trying further endpoints of a service when one does not answer; false when it was refused and logged.</summary>
    private async ValueTask<bool> ConnectAsync()
    {
        var options = Worker.Context.Options;
        var isOwnPort = IsDirect && MeshPorts.IsOwn(Asked.Port, options.SocksEnabled);
        if (isOwnPort || OutboundRouter.IsSelfCall(Asked, options.SocksEnabled)) return RefuseFor(RefusalReason.SelfCall);
        if (await Lane.Pod.WaitForWorkloadAsync(Worker.Loop) is not { Workload: { } source } local) return RefuseFor(RefusalReason.UnknownSource);

        SourceWorkload = source;
        MeshWorkload[] tried = [];
        var last = default(OutboundFailure);
        while (true)
        {
            var query = new OutboundQuery(source, Source.Address, Asked, options.SocksEnabled);
            var route = OutboundRouter.Decide(local.Mesh, query, new Chance((ulong)Worker.Chance.NextInt64()), load: null, tried);
            if (route is OutboundRoute.Refused && tried.Length > 0)
            {
                Close(last.Flag, last.Text); // Nobody is left to try.
                return false;
            }

            Service = route.Service;
            var failure = route switch
            {
                OutboundRoute.Tunnel tunnel => await ThroughTunnelAsync(tunnel.Hop, local, MayRetry(route, tried)),
                OutboundRoute.Direct direct => await DirectlyAsync(direct),
                OutboundRoute.DoubleTunnel far => FarAway(far),
                OutboundRoute.Refused refused => Refusal(refused.Why),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
            if (failure is not { } failed) return true;
            if (!failed.MayRetry || !MayRetry(route, tried))
            {
                Close(failed.Flag, failed.Text);
                return false;
            }

            tried = [.. tried, DestinationWorkload!];
            last = failed;
        }
    }

    private bool MayRetry(OutboundRoute route, MeshWorkload[] tried) =>
        route.Service is { Workloads.Length: > 1 } && tried.Length + 1 < AttemptsMax && !_application.IsPeerDone;

    private async ValueTask<OutboundFailure?> ThroughTunnelAsync(TunnelHop hop, LocalPod local, bool mayRetry)
    {
        (DestinationWorkload, Destination, Authority, IsMutualTls) = (hop.Peer, hop.Dial, hop.Authority, true);
        SourceIdentity = local.Workload!.Identity;
        DestinationIdentity = hop.Expected.IsEmpty ? null : hop.Expected[0];
        if (hop.Name is { } name) return new OutboundFailure(ResponseFlag.Connect, $"{name} has no address, and names are not resolved for it");
        var certificates = Worker.Context.Certificates;
        if (certificates.Find(SourceIdentity) is null && await certificates.GetAsync(SourceIdentity, Worker.Context.Options.WorkloadWait) is null)
        {
            return new OutboundFailure(ResponseFlag.IdentityError, $"no certificate for {SourceIdentity}: {certificates.ProblemOf(SourceIdentity)}");
        }

        var headers = new ConnectHeaders(hop.Authority, ForwardedHeader.Render(Source.ToIPEndPoint(), Service?.Key.Hostname), local.Baggage, NewTrace());
        // With other endpoints left the answer is awaited, so that a refusal can still be turned into a retry; else data goes along at once.
        var connected = await Worker.Pool.ConnectAsync(Lane.KeyFor(hop, Service), headers, early: !mayRetry);
        if (connected.Stream is not { } stream)
        {
            return new OutboundFailure(ResponseFlags.Of(connected.Failure, connected.Status), Explain(connected), MayRetry: true);
        }

        DestinationIdentity = stream.Peer.Identity;
        if (_application.IsDisposed)
        {
            stream.Abort();
            return new OutboundFailure(ResponseFlag.None, "connection closed while dialling");
        }

        _tunnel = new TunnelRelay(_application, stream);
        return null;
    }

    private async ValueTask<OutboundFailure?> DirectlyAsync(OutboundRoute.Direct direct)
    {
        (DestinationWorkload, Destination, Authority, IsMutualTls) = (direct.Workload, direct.To, null, false);
        if (direct.Name is { } name) return new OutboundFailure(ResponseFlag.Connect, $"{name} has no address, and names are not resolved for it");
        var outcome = await LoopSocket.ConnectAsync(Worker.Loop, direct.To.ToEndpoint(), Lane.Pod.DialOptions(null), Worker.Context.Options.DialTimeout);
        if (outcome.Socket is not { } server) return new OutboundFailure(ResponseFlag.Connect, $"connection failed: {outcome.Error}", MayRetry: true);
        if (_application.IsDisposed)
        {
            server.Dispose();
            return new OutboundFailure(ResponseFlag.None, "connection closed while dialling");
        }

        _plain = new SocketRelay(_application, server);
        return null;
    }

    private OutboundFailure FarAway(OutboundRoute.DoubleTunnel far)
    {
        (DestinationWorkload, Destination, Authority) = (far.Target, far.Outer.Dial, far.Outer.Authority);
        return new OutboundFailure(ResponseFlag.Connect, "destinations of another network are not carried by this release");
    }

    private static OutboundFailure Refusal(RefusalReason why) => new(ResponseFlag.Connect, RefusalText.Of(why));

    private bool RefuseFor(RefusalReason why)
    {
        Refuse(MeshPorts.Outbound, why.ToString(), RefusalText.Of(why));
        return false;
    }

    private string NewTrace()
    {
        Span<byte> random = stackalloc byte[TraceParent.RandomBytes];
        Worker.Chance.NextBytes(random);
        return TraceParent.Create(random);
    }

    private static string Explain(TunnelConnected connected) => connected.Failure switch
    {
        TunnelFailure.Rejected => ResponseFlags.TextOf(RelayEnd.Rejected, connected.Status)!,
        TunnelFailure.DialTimeout => $"the peer's port 15008 does not answer; a network policy may block it: {connected.Detail}",
        _ => $"{connected.Failure}: {connected.Detail}",
    };
}
