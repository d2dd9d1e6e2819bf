using Mesh.Hbone;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model.Decisions;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Inbound;

/// <summary>A plaintext connection to the pod: judged without an identity, then relayed. Loop thread only.</summary>
internal sealed class InboundPassthrough : LiveConnection
{
    private readonly LoopSocket _client;
    private readonly bool _isRedirected;
    private SocketRelay? _relay;
    private PolicyWatch? _watch;
    private RelayEnd? _cut;

    public InboundPassthrough(PodLane lane, LoopSocket client, InetEndpoint peer)
        : base(lane, Direction.Inbound, peer.ToIpPort())
    {
        _client = client;
        _isRedirected = client.TryGetOriginalDestination(out var dialled) == Errno.None;
        Destination = Asked = (_isRedirected ? dialled : client.LocalAddress).ToIpPort();
    }

    public override long RequestBytes => _relay?.BytesFromClient ?? 0;

    public override long ResponseBytes => _relay?.BytesFromServer ?? 0;

    public override async Task RunAsync()
    {
        Worker.Begin(this);
        try
        {
            using var client = _client;
            if (!await ConnectAsync()) return;
            Open();
            var result = await _relay!.RunAsync();
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
        if (_relay is { } relay) relay.Cut(reason);
        else _client.Reset();
    }

    public override void Reconsider(MeshSnapshot mesh)
    {
        if (_watch?.IsDenied(mesh) == true) Cut(RelayEnd.PolicyDenied);
    }

    public override void Lapse()
    {
        if (_watch?.IsOverdue() == true) Cut(RelayEnd.PolicyDenied);
    }

    private async ValueTask<bool> ConnectAsync()
    {
        var options = Worker.Context.Options;
        if (!_isRedirected && Asked.Port == MeshPorts.InboundPlaintext || MeshPorts.IsOwn(Asked.Port, options.SocksEnabled))
        {
            Refuse(MeshPorts.InboundPlaintext, nameof(InboundRefusal.SelfCall), InboundRefusals.TextOf(InboundRefusal.SelfCall));
            return false;
        }

        if (await Lane.Pod.WaitForWorkloadAsync(Worker.Loop) is not { Workload: { } workload } local)
        {
            Refuse(MeshPorts.InboundPlaintext, nameof(InboundRefusal.UnknownWorkload), InboundRefusals.TextOf(InboundRefusal.UnknownWorkload));
            return false;
        }

        DestinationWorkload = workload;
        SourceWorkload = local.Mesh.FindWorkload(workload.Network, Source.Address);
        Service = InboundRouter.Label(local.Mesh, workload, Asked.Port, forwardedHost: null);
        var watch = new PolicyWatch(this, new AuthorizationContext(Source.Address, Asked.Address, Asked.Port, identity: null));
        if (await watch.FindObjectionAsync(local) is { } objection)
        {
            Close(ResponseFlag.Deny, objection);
            return false;
        }

        _watch = watch; // From here on every change of the mesh asks again.
        if (watch.IsDenied(Worker.Context.Mesh.Current)) Cut(RelayEnd.PolicyDenied);
        if (_client.IsDisposed) return CloseCut();
        var connected = await ApplicationDial.ConnectAsync(Lane, Source.Address, Asked, onLoopback: false, keepAlive: true);
        if (connected.Socket is not { } application)
        {
            Close(ResponseFlag.Connect, $"the application does not answer: {connected.Error}");
            return false;
        }

        if (_client.IsDisposed)
        {
            application.Dispose();
            return CloseCut();
        }

        _relay = new SocketRelay(_client, application);
        return true;
    }

    /// <summary>Cut before there was a relay to tell of it.</summary>
    private bool CloseCut()
    {
        var why = _cut ?? RelayEnd.Closed;
        Close(ResponseFlags.Of(why, 0), ResponseFlags.TextOf(why, 0) ?? "connection closed while dialling");
        return false;
    }
}
