using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>Where dials leave from: one per pod, compared by reference.</summary>
public interface ITunnelOrigin
{
    /// <summary>The current identity; null while there is no certificate.</summary>
    TunnelIdentity? Identity { get; }

    /// <summary>Namespace, mark, keepalive and the like of what is dialled from here.</summary>
    SocketOptions DialOptions { get; }
}
