using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    /// <summary>What other meshes' tools issue: a leaf with an RSA key.</summary>
    public (string Chain, string Key) IssueRsa(string account)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"spiffe://cluster.local/ns/ns/sa/{account}"));
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var issuer = X509Certificate2.CreateFromPem(Issuer.CertificatePem, Issuer.PrivateKeyPem);
        using var signer = issuer.GetECDsaPrivateKey()!;
        using var leaf = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1), [1, 2, 3, 4]);
        return (leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => Issuer.Dispose();
}
