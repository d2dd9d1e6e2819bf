using System.Runtime.CompilerServices;
using Mesh.Hbone;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Outbound;

/// <summary>One connection of an application to somewhere: decided, dialled, relayed. Loop thread only.</summary>
internal sealed class OutboundConnection : LiveConnection
{
    /// <summary>Endpoints dialled for one connection before it is given up.</summary>
    private const int AttemptsMax = 3;
    private const int Unavailable = 503;
    private readonly LoopSocket _application;
    private TunnelRelay? _tunnel;
    private SocketRelay? _plain;
    private MeshWorkload? _endpoint;
    private bool _isThroughWaypoint;

    public OutboundConnection(PodLane lane, LoopSocket application, InetEndpoint peer)
        : base(lane, Direction.Outbound, peer.ToIpPort())
    {
        _application = application;
        var isRedirected = application.TryGetOriginalDestination(out var dialled) == Errno.None;
        IsDirect = !isRedirected;
        Destination = Asked = (isRedirected ? dialled : application.LocalAddress).ToIpPort();
    }

    /// <summary>Where to is known already: a client told us.</summary>
    public OutboundConnection(PodLane lane, LoopSocket application, InetEndpoint peer, IpPort asked)
        : base(lane, Direction.Outbound, peer.ToIpPort())
    {
        _application = application;
        Destination = Asked = asked;
    }

    public override long RequestBytes => _tunnel?.BytesFromApplication ?? _plain?.BytesFromClient ?? 0;

    public override long ResponseBytes => _tunnel?.BytesToApplication ?? _plain?.BytesFromServer ?? 0;

    /// <summary>Nobody redirected it: the listener itself was dialled.</summary>
    private bool IsDirect { get; }

    public override async Task RunAsync()
    {
        Worker.Begin(this);
        try
        {
            using var application = _application;
            if (!await ConnectAsync()) return;
            Open();
            var result = _tunnel is not null ? await _tunnel.RunAsync() : await _plain!.RunAsync();
            if (result.End == RelayEnd.Rejected && _endpoint is { } endpoint && Ejects(TunnelFailure.Rejected, result.Status)) Eject(endpoint);
            Close(ResponseFlags.Of(result.End, result.Status), ResponseFlags.TextOf(result.End, result.Status));
        }
        catch (Exception fault)
        {
            EndByFault(fault);
            Cut(RelayEnd.Fault);
        }
        finally
        {
            Use(null);
            Worker.End(this);
        }
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
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ConnectAsync()
    {
        var options = Worker.Context.Options;
        if (IsSelfCall(options.SocksEnabled)) return RefuseFor(RefusalReason.SelfCall);
        if (options.Bypass.Covers(Asked)) return await BypassAsync();
        if (await Lane.Pod.WaitForWorkloadAsync(Worker.Loop) is not { Workload: { } source } local) return RefuseFor(RefusalReason.UnknownSource);

        SourceWorkload = source;
        if (Worker.Context.Names is { } names)
        {
            if (await OnDemandLookup.ForOutboundAsync(names, Lane.Pod, Worker.Loop, Asked, options.WorkloadWait) is not { Workload: { } fresh } known)
                return RefuseFor(RefusalReason.DestinationNotAnswered);
            (local, source, SourceWorkload) = (known, fresh, fresh);
        }

        MeshWorkload[] tried = [];
        var last = default(OutboundFailure);
        while (true)
        {
            var query = new OutboundQuery(source, Source.Address, Asked, options.SocksEnabled);
            var route = OutboundRouter.Decide(local.Mesh, query, new Chance((ulong)Worker.Chance.NextInt64()), Lane.Endpoints, tried);
            if (route is OutboundRoute.Refused && tried.Length > 0)
            {
                Close(last.Flag, last.Text); // Nobody is left to try.
                return false;
            }

            Service = route.Service;
            var failure = route switch
            {
                OutboundRoute.Tunnel tunnel => await ThroughTunnelAsync(tunnel.Hop, far: null, local, MayRetry(route, tried)),
                OutboundRoute.DoubleTunnel far => await ThroughTunnelAsync(far.Outer, far, local, MayRetry(route, tried)),
                OutboundRoute.Direct direct => await DirectlyAsync(direct),
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

    /// <summary>Somebody dialled our own listener: following that would be to dial ourselves for ever. The kernel may track such a flow too.</summary>
    private bool IsSelfCall(bool socksEnabled) =>
        OutboundRouter.IsSelfCall(Asked, socksEnabled)
        || MeshPorts.IsOwn(Asked.Port, socksEnabled) && (IsDirect || _application.LocalAddress.ToIpPort() == Asked);

    /// <summary>Straight to where the application dialled; nothing of the mesh is asked or waited for.</summary>
    private async ValueTask<bool> BypassAsync()
    {
        IsBypass = true;
        SourceWorkload = Lane.Pod.Local.Workload;
        Worker.Context.Metrics.Bypassed.Increment();
        if (await DirectlyAsync(new OutboundRoute.Direct(Asked)) is not { } failed) return true;
        Close(failed.Flag, failed.Text);
        return false;
    }

    /// <summary>A client that ended its sending still waits for an answer; only one that is cut does not.</summary>
    private bool MayRetry(OutboundRoute route, MeshWorkload[] tried) =>
        route.Choices > 1 && tried.Length + 1 < AttemptsMax && !_application.IsDisposed;

    /// <summary>Through one tunnel, or with <paramref name="far"/> through one inside that to a network gateway.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<OutboundFailure?> ThroughTunnelAsync(TunnelHop hop, OutboundRoute.DoubleTunnel? far, LocalPod local, bool mayRetry)
    {
        (DestinationWorkload, Destination, Authority, IsMutualTls) = (far is null ? hop.Peer : far.Target, hop.Dial, hop.Authority, true);
        var expected = far?.InnerExpected ?? hop.Expected;
        SourceIdentity = local.Workload!.Identity;
        DestinationIdentity = expected.IsEmpty ? null : expected[0];
        if (hop.Name is { } name)
        {
            if (await ResolveAsync(name) is not { } address) return Unresolved(name);
            hop = hop.At(address);
            (Destination, Authority) = (hop.Dial, hop.Authority);
        }

        var certificates = Worker.Context.Certificates;
        if (certificates.Find(SourceIdentity) is null && await certificates.GetAsync(SourceIdentity, Worker.Context.Options.WorkloadWait) is null)
        {
            return new OutboundFailure(ResponseFlag.IdentityError, $"no certificate for {SourceIdentity}: {certificates.ProblemOf(SourceIdentity)}");
        }

        Use(DestinationWorkload);
        _isThroughWaypoint = hop.IsWaypoint;
        var headers = new ConnectHeaders(hop.Authority, ForwardedHeader.Render(Source, Service?.Key.Hostname), local.Baggage, NewTrace());
        var key = Lane.KeyFor(hop, Service);
        // With other endpoints left the answer is awaited, so that a refusal can still be turned into a retry; else data goes along at once.
        var connected = far is null
            ? await Worker.Pool.ConnectAsync(key, headers, early: !mayRetry)
            : await Worker.Pool.ConnectThroughAsync(
                key, headers, expected, headers with { ForwardedNetwork = local.Workload.Network }, early: !mayRetry);
        Worker.Peers.Note(Lane.Pod, hop, connected);
        if (connected.Stream is not { } stream)
        {
            if (connected.Failure == TunnelFailure.CertificateRevoked) Worker.Context.Metrics.CountRevoked(Direction.Outbound, 1);
            if (Ejects(connected.Failure, connected.Status)) Eject(DestinationWorkload!);
            return new OutboundFailure(ResponseFlags.Of(connected.Failure, connected.Status), Explain(connected, hop), MayRetry: true);
        }

        if (stream.Status != 0) Lane.Endpoints.Succeeded(DestinationWorkload!);
        DestinationIdentity = stream.Peer.Identity;
        NotePeer(stream.Peer);
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
        if (direct.Name is { } name)
        {
            if (await ResolveAsync(name) is not { } address) return Unresolved(name);
            Destination = direct.To with { Address = address };
        }

        Use(direct.Workload);
        var outcome = await LoopSocket.ConnectAsync(Worker.Loop, Destination.ToEndpoint(), Lane.Pod.DialOptions, Worker.Context.Options.DialTimeout);
        if (outcome.Socket is not { } server)
        {
            if (direct.Workload is { } endpoint) Eject(endpoint);
            return new OutboundFailure(ResponseFlag.Connect, $"connection failed: {outcome.Error}", MayRetry: true);
        }

        if (direct.Workload is { } reached) Lane.Endpoints.Succeeded(reached);
        if (_application.IsDisposed)
        {
            server.Dispose();
            return new OutboundFailure(ResponseFlag.None, "connection closed while dialling");
        }

        _plain = new SocketRelay(_application, server);
        return null;
    }

    private ValueTask<Ip?> ResolveAsync(string name) => Worker.EndpointNames.ResolveAsync(SourceWorkload!, name, Asked.Address.IsV4, Worker.Chance);

    private static OutboundFailure Unresolved(string name) =>
        new(ResponseFlag.Connect, $"{name} has no address: no name server knows one, or none answers", MayRetry: true);

    /// <summary>Whose load this connection is, from the dial to its end.</summary>
    private void Use(MeshWorkload? endpoint)
    {
        if (_endpoint is { } before) Worker.Loads.Remove(before);
        if (endpoint is not null) Worker.Loads.Add(endpoint);
        _endpoint = endpoint;
    }

    private void Eject(MeshWorkload endpoint)
    {
        if (Lane.Endpoints.Failed(endpoint)) Worker.Context.Reach.Ejections.Increment();
    }

    /// <summary>Whether a failure is the endpoint's: not our own, and not what a waypoint reports about those behind it.</summary>
    private bool Ejects(TunnelFailure failure, int status) => failure switch
    {
        TunnelFailure.DialTimeout or TunnelFailure.DialRefused or TunnelFailure.TlsTimeout or TunnelFailure.TlsFailed
            or TunnelFailure.WrongIdentity or TunnelFailure.CertificateRevoked or TunnelFailure.Http2Failed or TunnelFailure.ResponseTimeout => true,
        TunnelFailure.Rejected => status == Unavailable && !_isThroughWaypoint,
        TunnelFailure.None or TunnelFailure.NoIdentity or TunnelFailure.PoolFull or TunnelFailure.Closed => false,
    };

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

    private string Explain(TunnelConnected connected, TunnelHop hop) => connected.Failure switch
    {
        TunnelFailure.Rejected => $"{ResponseFlags.TextOf(RelayEnd.Rejected, connected.Status)}",
        TunnelFailure.DialTimeout => $"the peer's port {hop.Dial.Port} does not answer; a NetworkPolicy or firewall may block it: "
            + connected.Detail + Worker.Peers.HistoryOf(Lane.Pod, hop.Dial),
        TunnelFailure.CertificateRevoked => $"the peer's certificate is revoked (CERT_REVOKED): {connected.Detail}",
        _ => $"{connected.Failure}: {connected.Detail}",
    };
}
