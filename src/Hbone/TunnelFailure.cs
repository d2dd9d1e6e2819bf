namespace Mesh.Hbone;

/// <summary>At which stage asking for a stream failed.</summary>
public enum TunnelFailure
{
    None,
    NoIdentity,
    DialTimeout,
    DialRefused,
    TlsTimeout,
    TlsFailed,
    WrongIdentity,

    /// <summary>A revocation list of ours names the peer.</summary>
    CertificateRevoked,
    Http2Failed,
    ResponseTimeout,

    /// <summary>The peer answered with another status than 200.</summary>
    Rejected,
    PoolFull,

    /// <summary>The tunnel ended before the answer.</summary>
    Closed,
}
