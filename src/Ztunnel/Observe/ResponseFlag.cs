namespace Mesh.Ztunnel.Observe;

/// <summary>How a connection failed, as dashboards know it.</summary>
internal enum ResponseFlag
{
    None,
    Deny,
    Connect,
    TlsFailure,
    Http2HandshakeFailure,
    NetworkPolicy,
    IdentityError,
    CertificateRevoked,
}
