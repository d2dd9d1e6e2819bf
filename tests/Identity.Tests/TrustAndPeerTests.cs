using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using static Mesh.Identity.Tests.TestAuthority;

namespace Mesh.Identity.Tests;

public sealed class TrustAndPeerTests
{
    [Fact]
    public void A_bundle_holds_each_root_once_and_order_does_not_matter()
    {
        using var a = Create();
        using var b = Create();
        var ab = TrustBundle.TryParse(a.CertificatePem + "comment\n" + b.CertificatePem + a.CertificatePem, out _);
        var ba = TrustBundle.TryParse(b.CertificatePem + a.CertificatePem, out _);
        Assert.Equal(2, ab!.Roots.Length);
        Assert.Equal(ab, ba);
        Assert.Equal(ab, a.Roots.With(b.Roots));
        Assert.Equal(ab, TrustBundle.TryParse(ab.ToPem(), out _));
        Assert.NotEqual(ab, a.Roots);
    }

    [Fact]
    public void An_empty_or_damaged_bundle_is_refused_with_the_reason()
    {
        using var a = Create();
        Assert.Null(TrustBundle.TryParse("", out var empty));
        Assert.Equal("no root certificate", empty);
        Assert.Null(TrustBundle.TryParse(a.CertificatePem.AsSpan()[..^40], out var cut));
        Assert.Contains("damaged", cut, StringComparison.Ordinal);
        Assert.Null(TrustBundle.TryParse(PemEncoding.WriteString("CERTIFICATE", [0x30, 0x00]), out var malformed));
        Assert.Contains("malformed", malformed, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_and_every_changed_byte_of_a_certificate_is_read_without_an_exception()
    {
        var der = Leaf(UriNames("spiffe://cluster.local/ns/ns/sa/a"));
        for (var length = 0; length < der.Length; length++) Assert.Null(CertificateFacts.TryRead(der.AsMemory(0, length)));
        for (var at = 0; at < der.Length; at++)
        {
            foreach (var flip in (byte[])[0x01, 0x80, 0xFF])
            {
                var changed = der.ToArray();
                changed[at] ^= flip;
                CertificateFacts.TryRead(changed);
            }
        }
        Assert.NotNull(CertificateFacts.TryRead(der));
    }

    [Fact]
    public void The_first_spiffe_name_is_the_identity_and_other_names_are_passed_over()
    {
        var der = Leaf(UriNames("https://example.com/", "spiffe://cluster.local/ns/ns/sa/a", "spiffe://cluster.local/ns/ns/sa/b"));
        Assert.Equal(PeerProblem.None, PeerVerifier.VerifyClient(der, "cluster.local", out var client));
        Assert.Equal(Id("a"), client);
        Assert.Equal(PeerProblem.None, PeerVerifier.VerifyServer(der, [Id("b")], out _));
        Assert.Equal(PeerProblem.NotExpected, PeerVerifier.VerifyServer(der, [Id("c")], out var found));
        Assert.Equal(Id("a"), found);
    }

    [Fact]
    public void A_peer_of_another_trust_domain_or_without_identity_is_refused()
    {
        Assert.Equal(PeerProblem.OtherTrustDomain, PeerVerifier.VerifyClient(Leaf(UriNames("spiffe://other/ns/ns/sa/a")), "cluster.local", out _));
        Assert.Equal(PeerProblem.NoIdentity, PeerVerifier.VerifyClient(Leaf(UriNames("https://example.com/")), "cluster.local", out _));
        Assert.Equal(PeerProblem.NoIdentity, PeerVerifier.VerifyServer(Leaf(), [Id()], out _));
        Assert.Equal(PeerProblem.Malformed, PeerVerifier.VerifyClient(new byte[] { 1, 2, 3 }, "cluster.local", out _));
        Assert.Equal(PeerProblem.NotExpected,
            PeerVerifier.VerifyServer(Leaf(UriNames("spiffe://cluster.local/ns/ns/sa/a")), ImmutableArray<SpiffeId>.Empty, out _));
    }

    [Fact]
    public void A_certificate_with_the_name_extension_twice_or_too_many_names_is_malformed()
    {
        Assert.Null(CertificateFacts.TryRead(Leaf(UriNames("spiffe://a/ns/b/sa/c"), Again("spiffe://a/ns/b/sa/d"))));
        var many = Enumerable.Range(0, CertificateFacts.UriNamesMax + 1).Select(i => $"spiffe://a/ns/b/sa/c{i}").ToArray();
        Assert.Null(CertificateFacts.TryRead(Leaf(UriNames(many))));
    }

    [Fact]
    public void An_svid_needs_its_own_key_and_forgets_it_on_dispose()
    {
        using var issuer = Create();
        using var request = SigningRequest.Create(Id());
        using var other = SigningRequest.Create(Id());
        var chain = issuer.Issue(request.Pem, Id(), Now, TimeSpan.FromHours(1)).ChainPem;
        Assert.Null(other.TryComplete(chain, out var problem));
        Assert.Contains("does not belong", problem, StringComparison.Ordinal);
        var svid = request.TryComplete(chain, out _)!;
        svid.Dispose();
        Assert.Throws<ObjectDisposedException>(() => svid.PrivateKey.Length);
    }

    private static X509Extension UriNames(params string[] uris)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var uri in uris) names.AddUri(new Uri(uri));
        return names.Build();
    }

    /// <summary>The same extension under another object, since the request refuses to hold one identifier twice until it is written.</summary>
    private static X509Extension Again(string uri) => new("2.5.29.18", UriNames(uri).RawData, false);

    private static byte[] Leaf(params X509Extension[] extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions) request.CertificateExtensions.Add(extension);
        var der = request.CreateSelfSigned(Now, Now.AddDays(1)).RawData;
        // Turn the stand-in (issuer alternative name, 2.5.29.18) into a second subject alternative name; signatures are not read here.
        ReadOnlySpan<byte> standIn = [0x06, 0x03, 0x55, 0x1D, 0x12];
        var at = der.AsSpan().IndexOf(standIn);
        if (at >= 0) der[at + 4] = 0x11;
        return der;
    }
}
