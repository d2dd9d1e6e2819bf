using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Inbound;
using Mesh.Ztunnel.Outbound;
using Mesh.Ztunnel.Socks;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Pods;

/// <summary>One pod on one worker: its listeners there, its inbound tunnels, and the keys of its outbound ones. Loop thread only.</summary>
internal sealed class PodLane(PodProxy pod, Worker worker)
{
    private const int KeysMax = 8192;
    private readonly List<LoopListener> _listeners = [];
    private readonly HashSet<InboundTunnel> _tunnels = [];
    private SocksAcceptor? _socks;
    private readonly Dictionary<(MeshWorkload Peer, MeshService? Service, IpPort Dial), TunnelKey> _keys = [];

    public PodProxy Pod { get; } = pod;

    public Worker Worker { get; } = worker;

    /// <summary>How busy and how well endpoints are, as this pod's connections found out.</summary>
    public EndpointWatch Endpoints { get; } = new(worker.Loads, worker.Loop);

    public bool IsDraining { get; private set; }

    /// <summary>Everything here has ended, and nothing may begin.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Opens the listeners; null, or which port cannot be opened and why, with none left open.</summary>
    public string? Open()
    {
        try
        {
            var problem = OpenAll();
            if (problem is null) Worker.Lanes.Add(this);
            else CloseListeners();
            return problem;
        }
        catch
        {
            CloseListeners();
            throw;
        }
    }

    /// <summary>What waits at the ports is still taken: its clients have been told that they are connected.</summary>
    public Task DrainAsync()
    {
        IsDraining = true;
        foreach (var listener in _listeners) listener.Drain();
        _listeners.Clear();
        foreach (var tunnel in _tunnels) tunnel.Drain();
        return Task.CompletedTask;
    }

    public void Cut(RelayEnd reason)
    {
        IsDraining = IsCut = true;
        CloseListeners();
        Worker.Lanes.Remove(this);
        Worker.Live.Each(
            static (connection, what) =>
            {
                if (ReferenceEquals(connection.Lane, what.Lane)) connection.Cut(what.Reason);
            },
            (Lane: this, Reason: reason));
        foreach (var tunnel in new List<InboundTunnel>(_tunnels)) tunnel.Cut();
        _socks?.Cut();
        Worker.Pool.ForgetOrigin(Pod);
        Worker.Peers.Forget(Pod);
    }

    /// <summary>Ends the tunnels whose clients these lists name; how many connections they carried.</summary>
    public int CutRevoked(RevocationLists lists)
    {
        var streams = 0;
        foreach (var tunnel in new List<InboundTunnel>(_tunnels)) streams += tunnel.CutIfRevoked(lists);
        return streams;
    }

    public void Track(InboundTunnel tunnel)
    {
        _tunnels.Add(tunnel);
        if (IsDraining) tunnel.Drain();
    }

    public void Forget(InboundTunnel tunnel) => _tunnels.Remove(tunnel);

    /// <summary>The key of the tunnels for this hop; the same object as long as peer, service and whom to expect are unchanged.</summary>
    public TunnelKey KeyFor(TunnelHop hop, MeshService? service)
    {
        var index = (hop.Peer, service, hop.Dial);
        if (_keys.TryGetValue(index, out var key) && key.Expected.AsSpan().SequenceEqual(hop.Expected.AsSpan())) return key;
        if (_keys.Count >= KeysMax) _keys.Clear();
        var fresh = new TunnelKey(Pod, hop.Expected, hop.Dial.ToEndpoint()) { StaysOnMachine = Worker.Context.IsOnThisNode(hop.Peer) };
        Worker.NoteDialled(hop.Dial.Address, hop.Peer);
        return _keys[index] = fresh;
    }

    private string? OpenAll()
    {
        var options = Worker.Context.Options;
        var ofTunnels = Pod.ListenOptions with { Transparency = Pod.PreservesSource ? Transparency.Required : Transparency.Off };
        var ofClients = ofTunnels with { KeepAlive = options.KeepAlive };
        var ofThePod = ofClients with { StaysOnMachine = true };
        var problem = Listen(MeshPorts.InboundHbone, ofTunnels, new InboundTunnelAcceptor(this));
        if (!Pod.IsInboundOnly)
        {
            problem ??= Listen(MeshPorts.InboundPlaintext, ofClients, new PassthroughAcceptor(this))
                ?? Listen(MeshPorts.Outbound, ofThePod, new OutboundAcceptor(this))
                ?? (options.SocksEnabled ? ListenForSocks(ofThePod with { Transparency = Transparency.Off }) : null);
        }

        return problem;
    }

    private string? Listen(ushort port, SocketOptions options, ILoopAcceptor acceptor)
    {
        var error = Errno.FamilyNotSupported;
        LoopListener? listener = null;
        if (Worker.Context.Options.Ipv6) error = LoopListener.TryListen(Worker.Loop, InetEndpoint.AnyV6(port), options, acceptor, out listener);
        if (error == Errno.FamilyNotSupported) error = LoopListener.TryListen(Worker.Loop, InetEndpoint.AnyV4(port), options, acceptor, out listener);
        return Keep(listener, port, error);
    }

    /// <summary>On the loopback only: whoever reaches this port sends as the pod.</summary>
    private string? ListenForSocks(SocketOptions options)
    {
        _socks = new SocksAcceptor(this);
        var error = LoopListener.TryListen(Worker.Loop, InetEndpoint.LoopbackV4(MeshPorts.Socks), options, _socks, out var listener);
        return Keep(listener, MeshPorts.Socks, error);
    }

    private string? Keep(LoopListener? listener, ushort port, Errno error)
    {
        if (listener is not null)
        {
            _listeners.Add(listener);
            return null;
        }

        return $"cannot listen on port {port}: {error}";
    }

    private void CloseListeners()
    {
        foreach (var listener in _listeners) listener.Dispose();
        _listeners.Clear();
    }
}
