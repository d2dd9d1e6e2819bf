using Mesh.Http2;

namespace Mesh.Hbone.Tunnels;

/// <summary>Who a tunnel reports to: the server that accepted it or the pool that dialled it.</summary>
internal interface ITunnelOwner
{
    /// <summary>Server: a peer opened a stream. Whoever takes it calls <see cref="Tunnel.Adopt"/>.</summary>
    void OnRequest(Tunnel tunnel, int streamId, HeaderFields fields);

    /// <summary>A stream ended, or the peer's limits changed: there may be room.</summary>
    void OnRoom(Tunnel tunnel);

    /// <summary>Now and then, with the loop's milliseconds.</summary>
    void OnTick(Tunnel tunnel, long now);

    void OnEnded(Tunnel tunnel, TunnelEnd end);
}
