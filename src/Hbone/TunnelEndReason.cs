namespace Mesh.Hbone;

/// <summary>Why a tunnel (the connection, with all its streams) ended.</summary>
public enum TunnelEndReason
{
    /// <summary>Either side wound it down and nothing was cut.</summary>
    Closed,
    HandshakeTimeout,
    HandshakeFailed,

    /// <summary>The chain was good, the identity was not one we serve or asked for.</summary>
    WrongIdentity,

    /// <summary>The peer closed or reset the connection under live streams.</summary>
    PeerGone,
    PeerSilent,

    /// <summary>The peer broke TLS or HTTP/2.</summary>
    ProtocolError,
    Unused,
    OutOfBuffers,
    PolicyDenied,

    /// <summary>The peer's, by our lists, or ours, as the peer says.</summary>
    CertificateRevoked,
    Drained,
    PeerChanged,

    /// <summary>Our own bug; the loop logged it.</summary>
    Fault,
}
