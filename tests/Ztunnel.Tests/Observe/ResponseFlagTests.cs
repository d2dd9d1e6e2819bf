using Mesh.Hbone;
using Mesh.Ztunnel.Observe;

namespace Mesh.Ztunnel.Tests.Observe;

/// <summary>Which flag each end gets, row by row; dashboards count by these words.</summary>
public sealed class ResponseFlagTests
{
    [Theory]
    [InlineData(TunnelFailure.None, 0, "-")]
    [InlineData(TunnelFailure.NoIdentity, 0, "IDENTITY_ERROR")]
    [InlineData(TunnelFailure.DialTimeout, 0, "NETWORK_POLICY")]
    [InlineData(TunnelFailure.DialRefused, 0, "CONNECT")]
    [InlineData(TunnelFailure.TlsTimeout, 0, "TLS_FAILURE")]
    [InlineData(TunnelFailure.TlsFailed, 0, "TLS_FAILURE")]
    [InlineData(TunnelFailure.WrongIdentity, 0, "TLS_FAILURE")]
    [InlineData(TunnelFailure.Http2Failed, 0, "H2_HANDSHAKE_FAILURE")]
    [InlineData(TunnelFailure.ResponseTimeout, 0, "CONNECT")]
    [InlineData(TunnelFailure.Rejected, 401, "DENY")]
    [InlineData(TunnelFailure.Rejected, 400, "CONNECT")]
    [InlineData(TunnelFailure.Rejected, 503, "CONNECT")]
    [InlineData(TunnelFailure.PoolFull, 0, "CONNECT")]
    [InlineData(TunnelFailure.Closed, 0, "CONNECT")]
    [InlineData(TunnelFailure.CertificateRevoked, 0, "CERT_REVOKED")]
    public void A_connection_that_never_opened(TunnelFailure failure, int status, string word) =>
        Assert.Equal(word, ResponseFlags.WordOf(ResponseFlags.Of(failure, status)));

    [Theory]
    [InlineData(RelayEnd.Closed, 200, "-", false)]
    [InlineData(RelayEnd.FirstReset, 200, "-", false)]
    [InlineData(RelayEnd.SecondReset, 200, "-", false)]
    [InlineData(RelayEnd.FirstFailed, 200, "-", true)]
    [InlineData(RelayEnd.SecondFailed, 200, "-", true)]
    [InlineData(RelayEnd.TunnelClosed, 200, "-", true)]
    [InlineData(RelayEnd.Drained, 200, "-", true)]
    [InlineData(RelayEnd.PeerChanged, 200, "-", true)]
    [InlineData(RelayEnd.PeerSilent, 200, "-", true)]
    [InlineData(RelayEnd.Rejected, 401, "DENY", true)]
    [InlineData(RelayEnd.Rejected, 503, "CONNECT", true)]
    [InlineData(RelayEnd.ResponseTimeout, 0, "CONNECT", true)]
    [InlineData(RelayEnd.OutOfBuffers, 200, "CONNECT", true)]
    [InlineData(RelayEnd.PolicyDenied, 200, "DENY", true)]
    [InlineData(RelayEnd.CertificateRevoked, 200, "CERT_REVOKED", true)]
    [InlineData(RelayEnd.Fault, 200, "CONNECT", true)]
    public void A_connection_that_was_open(RelayEnd end, int status, string word, bool isError)
    {
        Assert.Equal(word, ResponseFlags.WordOf(ResponseFlags.Of(end, status)));
        Assert.Equal(isError, ResponseFlags.TextOf(end, status) is not null);
    }

    [Fact]
    public void No_failure_and_no_end_is_left_without_a_word()
    {
        foreach (var failure in Enum.GetValues<TunnelFailure>()) Assert.NotEmpty(ResponseFlags.WordOf(ResponseFlags.Of(failure, 0)));
        foreach (var end in Enum.GetValues<RelayEnd>()) Assert.NotEmpty(ResponseFlags.WordOf(ResponseFlags.Of(end, 0)));
        foreach (var failure in Enum.GetValues<TunnelFailure>()) Assert.NotEmpty(Ztunnel.Reach.ReachMetrics.WordOf(failure));
    }
}
