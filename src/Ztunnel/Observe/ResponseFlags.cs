using Mesh.Hbone;

namespace Mesh.Ztunnel.Observe;

/// <summary>Wire words of <see cref="ResponseFlag"/>, and which flag a failure gets.</summary>
internal static class ResponseFlags
{
    private const int StatusDenied = 401;

    public static string WordOf(ResponseFlag flag) => flag switch
    {
        ResponseFlag.None => "-",
        ResponseFlag.Deny => "DENY",
        ResponseFlag.Connect => "CONNECT",
        ResponseFlag.TlsFailure => "TLS_FAILURE",
        ResponseFlag.Http2HandshakeFailure => "H2_HANDSHAKE_FAILURE",
        ResponseFlag.NetworkPolicy => "NETWORK_POLICY",
        ResponseFlag.IdentityError => "IDENTITY_ERROR",
        ResponseFlag.CertificateRevoked => "CERT_REVOKED",
    };

    public static ResponseFlag Of(TunnelFailure failure, int status) => failure switch
    {
        TunnelFailure.None => ResponseFlag.None,
        TunnelFailure.NoIdentity => ResponseFlag.IdentityError,
        TunnelFailure.DialTimeout => ResponseFlag.NetworkPolicy,
        TunnelFailure.TlsTimeout or TunnelFailure.TlsFailed or TunnelFailure.WrongIdentity => ResponseFlag.TlsFailure,
        TunnelFailure.CertificateRevoked => ResponseFlag.CertificateRevoked,
        TunnelFailure.Http2Failed => ResponseFlag.Http2HandshakeFailure,
        TunnelFailure.Rejected => status == StatusDenied ? ResponseFlag.Deny : ResponseFlag.Connect,
        TunnelFailure.DialRefused or TunnelFailure.ResponseTimeout or TunnelFailure.PoolFull or TunnelFailure.Closed => ResponseFlag.Connect,
    };

    public static ResponseFlag Of(RelayEnd end, int status) => end switch
    {
        RelayEnd.PolicyDenied => ResponseFlag.Deny,
        RelayEnd.CertificateRevoked => ResponseFlag.CertificateRevoked,
        RelayEnd.Rejected => status == StatusDenied ? ResponseFlag.Deny : ResponseFlag.Connect,
        RelayEnd.ResponseTimeout or RelayEnd.OutOfBuffers or RelayEnd.Fault => ResponseFlag.Connect,
        RelayEnd.Closed or RelayEnd.FirstReset or RelayEnd.SecondReset or RelayEnd.FirstFailed or RelayEnd.SecondFailed
            or RelayEnd.TunnelClosed or RelayEnd.PeerSilent or RelayEnd.Drained or RelayEnd.PeerChanged => ResponseFlag.None,
    };

    /// <summary>What the access log says about an end; null for an ordinary one. A reset by either side is ordinary.</summary>
    public static string? TextOf(RelayEnd end, int status) => end switch
    {
        RelayEnd.Closed or RelayEnd.FirstReset or RelayEnd.SecondReset => null,
        RelayEnd.FirstFailed or RelayEnd.SecondFailed => "the connection broke",
        RelayEnd.TunnelClosed => "the tunnel was closed by its peer",
        RelayEnd.PeerSilent => "the peer of the tunnel answered nothing for too long: its host is down or packets are lost",
        RelayEnd.Rejected => status == StatusDenied ? "http status: 401 Unauthorized: denied by the policy of the destination" : $"http status: {status}",
        RelayEnd.ResponseTimeout => "the peer did not answer the CONNECT in time",
        RelayEnd.OutOfBuffers => "out of buffers",
        RelayEnd.PolicyDenied => "connection closed due to policy change",
        RelayEnd.Drained => "connection closed: the proxy is draining",
        RelayEnd.CertificateRevoked => "connection closed: a certificate of the tunnel was revoked (CERT_REVOKED)",
        RelayEnd.PeerChanged => "connection closed: the peer changed or left",
        RelayEnd.Fault => "internal fault, see the log",
    };
}
