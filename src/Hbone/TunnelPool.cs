using System.Collections.Immutable;
using System.Net;
using Mesh.Hbone.Tunnels;
using Mesh.Identity;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>
/// The tunnels of one loop, shared by all who ask with an equal key. Several tunnels to a busy peer, one dial per key at a time, whose
/// waiters succeed or fail together. On the loop's thread only.
/// </summary>
public sealed class TunnelPool(EventLoop loop, HboneOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<TunnelKey, PooledPeer> peers = [];
    private readonly HashSet<NestedTunnel> nested = [];
    private long dials;
    private long dialFailures;
    private long streams;
    private long waitersRefused;

    /// <summary>Tunnels now open.</summary>
    public int Tunnels { get; private set; }

    /// <summary>Tunnels through gateways now open.</summary>
    public int Nested { get; private set; }

    public TunnelPoolCounters Counters => new(dials, dialFailures, streams, waitersRefused);

    internal void Track(NestedTunnel tunnel) => nested.Add(tunnel);

    internal void Forget(NestedTunnel tunnel) => nested.Remove(tunnel);

    internal EventLoop Loop => loop;
    internal HboneOptions Options => options;
    internal TimeProvider Time => time;
    internal bool IsDisposed { get; private set; }

    /// <summary>
    /// A stream to the key's destination. With <paramref name="early"/> it is given before the peer answered, so the application's first
    /// bytes travel with the request; a refusal then ends the relay as <see cref="RelayEnd.Rejected"/>. A peer never makes it throw.
    /// </summary>
    public ValueTask<TunnelConnected> ConnectAsync(TunnelKey key, ConnectHeaders headers, bool early = false)
    {
        if (IsDisposed) return Now(TunnelFailure.Closed, "the pool is closed");
        if (!peers.TryGetValue(key, out var peer))
        {
            peer = new PooledPeer(this, key);
            peers.Add(key, peer);
        }
        return peer.ConnectAsync(headers, early);
    }

    /// <summary>
    /// A stream to a destination that is only reached through a gateway: a tunnel of its own, whose peer must be one of those expected,
    /// inside a stream of a pooled tunnel to the gateway. It is not shared: the gateway chooses a peer for each.
    /// </summary>
    public async ValueTask<TunnelConnected> ConnectThroughAsync(
        TunnelKey gateway, ConnectHeaders toGateway, ImmutableArray<SpiffeId> expected, ConnectHeaders headers, bool early = false)
    {
        if (gateway.Origin.Identity is not { } identity) return TunnelConnected.Failed(TunnelFailure.NoIdentity, "there is no certificate yet");
        if (Nested >= options.NestedTunnelsMax) return TunnelConnected.Failed(TunnelFailure.PoolFull, "too many tunnels through gateways");
        Nested++;
        // Early: the inner handshake's first bytes travel with the outer request.
        var carrier = await ConnectAsync(gateway, toGateway, early: true);
        if (carrier.Stream is { } stream) return await new NestedTunnel(this, gateway.Origin, expected).ConnectAsync(stream, identity, headers, early);
        Nested--;
        return carrier;
    }

    /// <summary>The peer at this address changed or vanished: its tunnels take no new streams and close behind their last one.</summary>
    public void ForgetDestination(IPAddress address)
    {
        foreach (var peer in Matching(address)) peer.Retire();
    }

    /// <summary>As <see cref="ForgetDestination"/>, and their streams end now.</summary>
    public void CutDestination(IPAddress address, TunnelEndReason reason)
    {
        foreach (var peer in Matching(address)) peer.Cut(reason);
    }

    /// <summary>Newer revocation lists hold: ends the tunnels to whom they name. How many streams ended; at least one a tunnel.</summary>
    public int CutRevoked(RevocationLists lists)
    {
        var cut = 0;
        foreach (var peer in new List<PooledPeer>(peers.Values)) cut += peer.CutRevoked(lists);
        foreach (var tunnel in new List<NestedTunnel>(nested))
        {
            if (tunnel.CutIfRevoked(lists)) cut++;
        }
        return cut;
    }

    /// <summary>The pod is gone, and whatever left from it ends.</summary>
    public void ForgetOrigin(ITunnelOrigin origin)
    {
        foreach (var peer in new List<PooledPeer>(peers.Values))
        {
            if (ReferenceEquals(peer.Key.Origin, origin)) peer.Cut(TunnelEndReason.Drained);
        }
    }

    /// <summary>Ends every tunnel.</summary>
    public void Dispose()
    {
        IsDisposed = true;
        foreach (var peer in new List<PooledPeer>(peers.Values)) peer.Cut(TunnelEndReason.Drained);
    }

    internal bool TryCountTunnel()
    {
        if (Tunnels >= options.TunnelsPerPoolMax) return false;
        Tunnels++;
        dials++;
        return true;
    }

    internal void CountDialFailure() => dialFailures++;

    internal void CountStream() => streams++;

    internal void CountRefused() => waitersRefused++;

    internal void UncountTunnel() => Tunnels--;

    internal void UncountNested() => Nested--;

    /// <summary>A peer without tunnels, dials and waiters is not kept.</summary>
    internal void Remove(PooledPeer peer)
    {
        if (peers.TryGetValue(peer.Key, out var known) && ReferenceEquals(known, peer)) peers.Remove(peer.Key);
    }

    internal static ValueTask<TunnelConnected> Now(TunnelFailure failure, string detail) => new(TunnelConnected.Failed(failure, detail));

    private List<PooledPeer> Matching(IPAddress address)
    {
        var wanted = InetEndpoint.From(address, 0);
        var found = new List<PooledPeer>();
        foreach (var peer in peers.Values)
        {
            if (peer.Key.Destination.SameAddress(wanted)) found.Add(peer);
        }
        return found;
    }
}
