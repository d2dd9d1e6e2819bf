using Mesh.Hbone;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Model.Decisions;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Inbound;

/// <summary>One CONNECT of a peer: checked, judged, dialled, relayed; judged again whenever the mesh changes. Loop thread only.</summary>
internal sealed class InboundConnection : LiveConnection
{
    private const int Denied = 401;
    private const int Unavailable = 503;
    private readonly InboundTunnel _tunnel;
    private readonly string _principal;
    private ConnectRequest? _request;
    private TunnelRelay? _relay;
    private PolicyWatch? _watch;
    private RelayEnd? _cut;
    private bool _keepsAlive;

    public InboundConnection(InboundTunnel tunnel, ConnectRequest request, InetEndpoint peer)
        : base(tunnel.Lane, Direction.Inbound, peer.ToIpPort())
    {
        (_tunnel, _request, _principal) = (tunnel, request, tunnel.Principal);
        Destination = request.Peer.Local.ToIpPort();
        Asked = Destination;
        Authority = request.Authority;
        IsMutualTls = true;
        SourceIdentity = request.Peer.Identity;
        NotePeer(request.Peer);
    }

    public override long RequestBytes => _relay?.BytesToApplication ?? 0;

    public override long ResponseBytes => _relay?.BytesFromApplication ?? 0;

    public override async Task RunAsync()
    {
        Worker.Begin(this);
        try
        {
            if (await SetUpAsync(TakeRequest()) is not { } relay) return;
            _relay = relay.Relay;
            Open();
            if (_cut is { } early) _relay.Cut(early);
            var result = await _relay.RunAsync(relay.First);
            Close(ResponseFlags.Of(result.End, result.Status), ResponseFlags.TextOf(result.End, result.Status));
        }
        catch (Exception fault)
        {
            EndByFault(fault);
            _relay?.Cut(RelayEnd.Fault);
        }
        finally
        {
            Worker.End(this);
        }
    }

    public override void Cut(RelayEnd reason)
    {
        _cut = reason;
        _relay?.Cut(reason);
    }

    /// <summary>Four system calls that most connections end without.</summary>
    public override void KeepAlive()
    {
        if (_keepsAlive || _relay is not { } relay || Worker.Context.Options.KeepAlive is not { } keepAlive) return;
        _keepsAlive = true;
        _ = relay.SetKeepAlive(keepAlive); // Nothing follows from a failure: it then ends when the client does.
    }

    public override void Reconsider(MeshSnapshot mesh)
    {
        if (_watch?.IsDenied(mesh) == true) Cut(RelayEnd.PolicyDenied);
    }

    public override void Lapse()
    {
        if (_watch?.IsOverdue() == true) Cut(RelayEnd.PolicyDenied);
    }

    /// <summary>An idle connection does not keep it.</summary>
    private ConnectRequest TakeRequest()
    {
        var request = _request!;
        _request = null;
        return request;
    }

    private async ValueTask<(TunnelRelay Relay, ReadOnlyMemory<byte> First)?> SetUpAsync(ConnectRequest request)
    {
        try
        {
            if (await Lane.Pod.WaitForWorkloadAsync(Worker.Loop) is not { Workload: { } workload } local)
            {
                return Reject(request, Unavailable, ResponseFlag.Connect, InboundRefusals.TextOf(InboundRefusal.UnknownWorkload));
            }

            if (Worker.Context.Names is { } names)
            {
                OnDemandLookup.Mention(names, local.Mesh, workload, Source.Address);
                if (!await OnDemandLookup.ForAuthorityAsync(names, Lane.Pod, Worker.Loop, request.Authority, Worker.Context.Options.WorkloadWait))
                    return Reject(request, Unavailable, ResponseFlag.Connect, RefusalText.Of(RefusalReason.DestinationNotAnswered));
                if (Lane.Pod.Local is { Workload: { } now } newest) (local, workload) = (newest, now);
            }

            DestinationWorkload = workload;
            DestinationIdentity = workload.Identity;
            var forwardedHost = NameSource(request, local.Mesh, workload);
            var query = new InboundQuery(workload, Destination.Address, request.Authority, forwardedHost, Worker.Context.Options.SocksEnabled);
            var route = InboundRouter.Decide(local.Mesh, query);
            if (route is not InboundRoute.Forward forward)
            {
                var why = ((InboundRoute.Refused)route).Why;
                return Reject(request, InboundRefusals.StatusOf(why), ResponseFlag.Connect, InboundRefusals.TextOf(why));
            }

            Service = forward.Service;
            var about = new AuthorizationContext(Source.Address, forward.Target.Address, forward.Target.Port, SourceIdentity, _principal);
            var watch = new PolicyWatch(this, about);
            if (await watch.FindObjectionAsync(local) is { } objection) return Reject(request, Denied, ResponseFlag.Deny, objection);
            _watch = watch; // From here on every change of the mesh asks again.
            if (watch.IsDenied(Worker.Context.Mesh.Current)) Cut(RelayEnd.PolicyDenied);
            return await DialAsync(request, forward, local);
        }
        catch (Exception fault)
        {
            EndByFault(fault);
            if (!request.IsAnswered) request.Reject(Unavailable); // Its client would wait for ever.
            return null;
        }
    }

    private async ValueTask<(TunnelRelay Relay, ReadOnlyMemory<byte> First)?> DialAsync(ConnectRequest request, InboundRoute.Forward forward, LocalPod local)
    {
        if (_cut is { } before) return RejectCut(request, before);
        var onLoopback = forward.Announced is not null && Worker.Context.Options.LocalhostApplicationTunnel;
        var target = onLoopback ? new IpPort(forward.Target.Address.IsV4 ? Ip.LoopbackV4 : Ip.LoopbackV6, forward.Target.Port) : forward.Target;
        var outcome = await ApplicationDial.ConnectAsync(Lane, Source.Address, target, onLoopback, keepAlive: false);
        if (outcome.Socket is not { } application)
        {
            return Reject(request, Unavailable, ResponseFlag.Connect, $"the application at {target} does not answer: {outcome.Error}");
        }

        if (_cut is { } meanwhile)
        {
            application.Dispose();
            return RejectCut(request, meanwhile);
        }

        var first = forward.Announced is { } announced
            ? ProxyHeader.Render(Source, announced, SourceIdentity!)
            : ReadOnlyMemory<byte>.Empty;
        if (request.Accept(Worker.Context.Options.ResponseBaggage ? local.Baggage : null) is not { } stream)
        {
            application.Dispose();
            Close(ResponseFlag.None, "the client gave up before the answer");
            return null;
        }

        return (new TunnelRelay(application, stream), first);
    }

    /// <summary>Who the client is, as far as the mesh knows; a client of another network is known by its own words only, and not looked up.</summary>
    private string? NameSource(ConnectRequest request, MeshSnapshot mesh, MeshWorkload local)
    {
        var isElsewhere = request.ForwardedNetwork is { Length: > 0 } network && network != local.Network;
        if (!isElsewhere) SourceWorkload = mesh.FindWorkload(local.Network, Source.Address);
        else if (request.Baggage is { } baggage) SourceTold = Baggage.Parse(baggage);
        return request.Forwarded is { } forwarded ? ForwardedHeader.HostOf(forwarded) : null;
    }

    private (TunnelRelay Relay, ReadOnlyMemory<byte> First)? RejectCut(ConnectRequest request, RelayEnd why) =>
        Reject(request, why == RelayEnd.PolicyDenied ? Denied : Unavailable, ResponseFlags.Of(why, 0), ResponseFlags.TextOf(why, 0) ?? "cut");

    private (TunnelRelay Relay, ReadOnlyMemory<byte> First)? Reject(ConnectRequest request, int status, ResponseFlag flag, string error)
    {
        request.Reject(status);
        Close(flag, error);
        return null;
    }
}
