using System.Security.Cryptography.X509Certificates;
using static Mesh.Identity.Tests.TestAuthority;

namespace Mesh.Identity.Tests;

public sealed class CertificateIssuerTests
{
    [Theory]
    [InlineData(IssuerKeyKind.Ec256)]
    [InlineData(IssuerKeyKind.Rsa2048)]
    public void A_request_becomes_an_svid_that_chains_to_the_root(IssuerKeyKind kind)
    {
        using var issuer = Create(kind);
        using var request = SigningRequest.Create(Id());

        var issued = issuer.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(24));
        Assert.Null(issued.Problem);
        using var svid = request.TryComplete(issued.ChainPem, out var problem);

        Assert.Null(problem);
        Assert.Equal(Id(), svid!.Id);
        Assert.Equal(Now.AddMinutes(-2), svid.NotBefore);
        Assert.Equal(Now.AddHours(24), svid.NotAfter);
        AssertChains(svid, issuer.Roots);
    }

    [Fact]
    public void The_leaf_has_exactly_the_extensions_that_peers_check()
    {
        using var issuer = Create();
        using var request = SigningRequest.Create(Id());
        var issued = issuer.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(1));
        using var leaf = X509Certificate2.CreateFromPem(issued.LeafPem!);

        Assert.Equal("", leaf.Subject);
        Assert.True(leaf.Extensions["2.5.29.17"]!.Critical);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment,
            leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
            leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>()
                .Select(oid => oid.Value));
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void The_caller_decides_the_identity_not_the_request()
    {
        using var issuer = Create();
        using var request = SigningRequest.Create(Id("thief"));
        var issued = issuer.Issue(request.Pem, Id("honest"), Now, TimeSpan.FromHours(1));
        Assert.Equal(Id("honest"), CertificateFacts.TryRead(X509Certificate2.CreateFromPem(issued.LeafPem!).RawData)!.Identity);
        Assert.Null(request.TryComplete(issued.ChainPem, out var problem));
        Assert.Contains("was given", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leaf_never_outlives_its_signer()
    {
        using var issuer = CertificateIssuer.CreateSelfSigned("o", IssuerKeyKind.Ec256, Now, TimeSpan.FromHours(2));
        using var request = SigningRequest.Create(Id());
        using var svid = request.TryComplete(issuer.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(24)).ChainPem, out _);
        Assert.Equal(Now.AddHours(2), svid!.NotAfter);
        Assert.NotNull(issuer.Issue(request.Pem, Id(), Now.AddHours(3), TimeSpan.FromHours(24)).Problem);
    }

    [Fact]
    public void A_request_that_is_not_signed_by_its_own_key_is_refused()
    {
        using var issuer = Create();
        using var request = SigningRequest.Create(Id());
        var der = Convert.FromBase64String(string.Concat(request.Pem.Split('\n').Where(line => !line.StartsWith('-'))));
        der[^8] ^= 1;
        var forged = System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE REQUEST", der);
        Assert.NotNull(issuer.Issue(forged, Id(), Now, TimeSpan.FromHours(1)).Problem);
        Assert.NotNull(issuer.Issue("rubbish", Id(), Now, TimeSpan.FromHours(1)).Problem);
        Assert.NotNull(issuer.Issue(new string('x', CertificateIssuer.RequestCharsMax + 1), Id(), Now, TimeSpan.FromHours(1)).Problem);
        Assert.NotNull(issuer.Issue(request.Pem, Id(), Now, TimeSpan.Zero).Problem);
    }

    [Fact]
    public void A_root_renewed_with_the_same_key_still_vouches_for_older_leaves()
    {
        using var old = Create();
        using var renewed = CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Ec256, Now.AddDays(1), TimeSpan.FromDays(3650), old);
        using var request = SigningRequest.Create(Id());
        using var svid = request.TryComplete(old.Issue(request.Pem, Id(), Now, TimeSpan.FromDays(30)).ChainPem, out _);
        Assert.NotEqual(old.CertificatePem, renewed.CertificatePem);
        AssertChains(svid!, renewed.Roots, Now.AddDays(1).AddMinutes(1));
        using var fresh = request.TryComplete(renewed.Issue(request.Pem, Id(), Now.AddDays(1), TimeSpan.FromDays(30)).ChainPem, out _);
        AssertChains(fresh!, old.Roots, Now.AddDays(1).AddMinutes(1)); // For peers that have not heard of the new root yet.
        Assert.Equal(2, renewed.Roots.Roots.Length);
        Assert.True(renewed.IsSelfIssued);
    }

    [Fact]
    public void A_renewed_root_keeps_its_subject_and_lets_ended_roots_go()
    {
        using var first = CertificateIssuer.CreateSelfSigned("somebody else's name", IssuerKeyKind.Ec256, Now, TimeSpan.FromDays(10));
        using var second = CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Ec256, Now.AddDays(8), TimeSpan.FromDays(10), first);
        using var third = CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Ec256, Now.AddDays(16), TimeSpan.FromDays(10), second);

        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(third.CertificatePem);
        Assert.Equal("O=somebody else's name", certificate.Subject);
        Assert.Equal(2, third.Roots.Roots.Length); // The first has ended.
    }

    [Fact]
    public void An_issuer_survives_being_written_down()
    {
        using var issuer = Create(IssuerKeyKind.Rsa2048);
        using var again = CertificateIssuer.TryCreate(issuer.CertificatePem, issuer.PrivateKeyPem, "", issuer.CertificatePem, out var problem);
        Assert.Null(problem);
        Assert.Empty(again!.IntermediatesPem);
        using var request = SigningRequest.Create(Id());
        using var svid = request.TryComplete(again.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(1)).ChainPem, out _);
        AssertChains(svid!, issuer.Roots);
    }

    [Fact]
    public void An_issuer_needs_a_ca_certificate_and_its_own_key()
    {
        using var issuer = Create();
        using var other = Create();
        using var request = SigningRequest.Create(Id());
        var leaf = issuer.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(1)).LeafPem!;
        Assert.Null(CertificateIssuer.TryCreate(issuer.CertificatePem, other.PrivateKeyPem, "", issuer.CertificatePem, out var wrongKey));
        Assert.Contains("does not belong", wrongKey, StringComparison.Ordinal);
        Assert.Null(CertificateIssuer.TryCreate(leaf, issuer.PrivateKeyPem, "", issuer.CertificatePem, out _));
        Assert.Null(CertificateIssuer.TryCreate(issuer.CertificatePem, "rubbish", "", issuer.CertificatePem, out _));
        Assert.Null(CertificateIssuer.TryCreate("", issuer.PrivateKeyPem, "", issuer.CertificatePem, out _));
    }

    private static void AssertChains(Svid svid, TrustBundle roots, DateTimeOffset? at = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = (at ?? Now.AddMinutes(1)).UtcDateTime;
        foreach (var root in roots.Roots) chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(root.Span));
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        Assert.True(chain.Build(leaf), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
    }
}
