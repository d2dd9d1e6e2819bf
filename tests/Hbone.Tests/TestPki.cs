using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;

namespace Mesh.Hbone.Tests;

/// <summary>An authority and identities of it.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly List<IDisposable> owned = [];

    public TestPki() => owned.Add(Issuer);

    public CertificateIssuer Issuer { get; } =
        CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Ec256, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));

    public static SpiffeId Id(string account, string trustDomain = "cluster.local") => new(trustDomain, "ns", account);

    public TunnelIdentity Issue(string account, string trustDomain = "cluster.local", TrustBundle? roots = null, RevocationCheck? check = null)
    {
        using var request = SigningRequest.Create(Id(account, trustDomain));
        var issued = Issuer.Issue(request.Pem, request.Id, DateTimeOffset.UtcNow, TimeSpan.FromHours(1));
        var svid = request.TryComplete(issued.ChainPem, out var problem) ?? throw new InvalidOperationException(issued.Problem ?? problem);
        owned.Add(svid);
        return Make(svid, roots ?? Issuer.Roots, check);
    }

    /// <summary>The same certificate under other revocation lists.</summary>
    public TunnelIdentity Remake(TunnelIdentity identity, RevocationCheck check) => Make(identity.Svid, identity.Roots, check);

    /// <summary>A list that names these.</summary>
    public RevocationCheck Revoke(params TunnelIdentity[] revoked)
    {
        using var signer = X509Certificate2.CreateFromPem(Issuer.CertificatePem, Issuer.PrivateKeyPem);
        var builder = new CertificateRevocationListBuilder();
        foreach (var identity in revoked) builder.AddEntry(identity.Svid.Leaf.SerialNumber.ToByteArray(isBigEndian: true));
        var now = DateTimeOffset.UtcNow;
        var der = builder.Build(signer, 1, now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-1));
        return RevocationCheck.TryCreate(RevocationLists.TryParse(der, out var problem) ?? throw new InvalidOperationException(problem), out _)!;
    }

    private TunnelIdentity Make(Svid svid, TrustBundle roots, RevocationCheck? check)
    {
        var identity = new TunnelIdentity(svid, roots, check);
        owned.Add(identity);
        return identity;
    }

    public void Dispose()
    {
        foreach (var thing in owned) thing.Dispose();
    }
}
