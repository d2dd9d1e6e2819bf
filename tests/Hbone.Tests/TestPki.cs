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

    public TunnelIdentity Issue(string account, string trustDomain = "cluster.local", TrustBundle? roots = null)
    {
        using var request = SigningRequest.Create(Id(account, trustDomain));
        var issued = Issuer.Issue(request.Pem, request.Id, DateTimeOffset.UtcNow, TimeSpan.FromHours(1));
        var svid = request.TryComplete(issued.ChainPem, out var problem) ?? throw new InvalidOperationException(issued.Problem ?? problem);
        var identity = new TunnelIdentity(svid, roots ?? Issuer.Roots);
        owned.Add(svid);
        owned.Add(identity);
        return identity;
    }

    public void Dispose()
    {
        foreach (var thing in owned) thing.Dispose();
    }
}
