using Mesh.Http2;

namespace Mesh.Hbone.Tunnels;

/// <summary>Who a tunnel reports to: the server that accepted it or the pool that dialled it.</summary>
internal interface ITunnelOwner
{
    /// <summary>Server: a peer opened a stream. Whoever takes it calls <see cref="Tunnel.Adopt"/>.</summary>
    void OnRequest(Tunnel tunnel, int streamId, HeaderFields fields);

    /// <summary>Server: what one read brought is known, and none of its data delivered yet; time to begin with the requests among it.</summary>
    void OnRead(Tunnel tunnel)
    {
    }

    /// <summary>A stream ended, or the peer's limits changed: there may be room.</summary>
    void OnRoom(Tunnel tunnel);

    /// <summary>Now and then, with the loop's milliseconds.</summary>
    void OnTick(Tunnel tunnel, long now);

    void OnEnded(Tunnel tunnel, TunnelEnd end);
}
