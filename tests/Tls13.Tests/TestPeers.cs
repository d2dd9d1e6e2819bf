using Mesh.Identity;
using Mesh.Tls13.Handshake;

namespace Mesh.Tls13.Tests;

/// <summary>An authority and what it issues, for handshakes between our own ends or with others.</summary>
internal sealed class TestPeers(IssuerKeyKind kind = IssuerKeyKind.Ec256) : IDisposable
{
    public CertificateIssuer Issuer { get; } = CertificateIssuer.CreateSelfSigned("cluster.local", kind, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));

    public Svid Issue(string account, TimeSpan? lifetime = null, DateTimeOffset? from = null)
    {
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "ns", account));
        var issued = Issuer.Issue(request.Pem, request.Id, from ?? DateTimeOffset.UtcNow, lifetime ?? TimeSpan.FromHours(1));
        return request.TryComplete(issued.ChainPem, out var problem) ?? throw new InvalidOperationException(issued.Problem ?? problem);
    }

    public TlsContext Context(TlsRole role, string account, TrustBundle? roots = null)
    {
        using var svid = Issue(account);
        return Context(role, svid, roots ?? Issuer.Roots);
    }

    public static TlsContext Context(TlsRole role, Svid svid, TrustBundle roots) =>
        TlsContext.TryCreate(role, new TlsCredentials(svid.Chain, svid.PrivateKey, roots.Roots), out var problem)
        ?? throw new InvalidOperationException(problem);

    public void Dispose() => Issuer.Dispose();
}
