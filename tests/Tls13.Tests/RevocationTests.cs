using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;
using Mesh.Tls13.Handshake;

namespace Mesh.Tls13.Tests;

public sealed class RevocationTests
{
    [Fact]
    public void A_revoked_peer_is_refused_and_the_reason_says_so()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        using var honest = peers.Issue("honest");
        var lists = RevocationLists.TryParse(List(peers, DateTimeOffset.UtcNow.AddDays(1), revoked), out _)!;
        Assert.True(lists.IsRevoked(revoked.Leaf));
        Assert.False(lists.IsRevoked(honest.Leaf));
        Assert.Equal((HandshakeProgress.Failed, true), Handshake(peers, revoked, lists));
        Assert.Equal((HandshakeProgress.Complete, false), Handshake(peers, honest, lists));
    }

    [Fact]
    public void An_expired_list_still_revokes_and_still_lets_others_pass()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        using var honest = peers.Issue("honest");
        var lists = RevocationLists.TryParse(List(peers, DateTimeOffset.UtcNow.AddMinutes(-5), revoked), out _)!;
        Assert.Equal(HandshakeProgress.Failed, Handshake(peers, revoked, lists).Progress);
        Assert.Equal(HandshakeProgress.Complete, Handshake(peers, honest, lists).Progress);
    }

    [Fact]
    public void A_list_from_tomorrow_revokes_too_and_others_pass()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        using var honest = peers.Issue("honest");
        var tomorrow = DateTimeOffset.UtcNow.AddDays(1);
        var lists = RevocationLists.TryParse(List(peers.Issuer, tomorrow.AddDays(1), revoked.Leaf.SerialNumber, tomorrow), out _)!;
        Assert.Equal((HandshakeProgress.Failed, true), Handshake(peers, revoked, lists));
        Assert.Equal((HandshakeProgress.Complete, false), Handshake(peers, honest, lists));
    }

    [Fact]
    public void A_list_tells_who_published_it_for_when_and_how_much()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        var next = new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero);
        var list = Assert.Single(RevocationLists.TryParse(List(peers, next, revoked), out _)!.Lists);
        Assert.Equal(("O=cluster.local", next, 1), (list.Issuer, list.NextUpdate!.Value, list.Entries));
        Assert.True(list.ThisUpdate < DateTimeOffset.UtcNow);
    }

    [Fact]
    public void A_chain_is_revoked_when_any_of_its_certificates_is()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        using var honest = peers.Issue("honest");
        var lists = RevocationLists.TryParse(List(peers, DateTimeOffset.UtcNow.AddDays(1), revoked), out _)!;
        var (bad, good) = (RevocationLists.KeyOf(revoked.Leaf), RevocationLists.KeyOf(honest.Leaf));
        Assert.True(lists.IsRevoked([good, bad]));
        Assert.False(lists.IsRevoked([good, good]));
        Assert.False(lists.IsRevoked(default(System.Collections.Immutable.ImmutableArray<UInt128>)));
    }

    [Fact]
    public void A_list_of_another_issuer_says_nothing_about_ours()
    {
        using var peers = new TestPeers();
        using var others = new TestPeers(IssuerKeyKind.Rsa2048);
        using var honest = peers.Issue("honest");
        using var theirs = others.Issue("theirs");
        // Another organisation name, so that the issuer's name differs too.
        using var foreign = CertificateIssuer.CreateSelfSigned("elsewhere", IssuerKeyKind.Ec256, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        var lists = RevocationLists.TryParse(List(foreign, DateTimeOffset.UtcNow.AddDays(1), honest.Leaf.SerialNumber), out _)!;
        Assert.Equal(HandshakeProgress.Complete, Handshake(peers, honest, lists).Progress);
    }

    [Fact]
    public void Lists_are_read_from_der_and_from_pem_and_damage_is_an_error()
    {
        using var peers = new TestPeers();
        using var revoked = peers.Issue("revoked");
        var der = List(peers, DateTimeOffset.UtcNow.AddDays(1), revoked);
        var pem = System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("X509 CRL", der) + "\n" + PemEncoding.WriteString("X509 CRL", der));
        Assert.Single(RevocationLists.TryParse(der, out _)!.Lists);
        Assert.Equal(2, RevocationLists.TryParse(pem, out _)!.Lists.Length);
        Assert.Null(RevocationLists.TryParse(pem.AsSpan(0, pem.Length - 30), out var problem));
        Assert.NotNull(problem);
        Assert.Null(RevocationLists.TryParse([], out _));
        for (var length = 1; length < der.Length; length++) Assert.Null(RevocationLists.TryParse(der.AsSpan(0, length), out _));
    }

    private static (HandshakeProgress Progress, bool SaysRevoked) Handshake(TestPeers peers, Svid client, RevocationLists lists)
    {
        using var server = peers.Issue("server");
        using var clientContext = TestPeers.Context(TlsRole.Client, client, peers.Issuer.Roots);
        using var parsed = TlsRevocationLists.TryCreate([.. lists.Lists.Select(static list => list.Der)], out _)!;
        using var serverContext = TlsContext.TryCreate(TlsRole.Server,
            new TlsCredentials(server.Chain, server.PrivateKey, peers.Issuer.Roots.Roots, parsed), out _)!;
        using var left = new TlsHandshake(clientContext);
        using var right = new TlsHandshake(serverContext);
        for (var i = 0; i < 6; i++)
        {
            Move(left, right);
            Move(right, left);
        }
        Assert.Equal(right.IsPeerRevoked, right.Problem.Contains("revoked", StringComparison.Ordinal));
        return (right.Progress, right.IsPeerRevoked);
    }

    private static void Move(TlsHandshake from, TlsHandshake to)
    {
        var bytes = new byte[from.OutputBytes];
        from.TakeOutput(bytes);
        to.Advance(bytes, out _);
    }

    private static byte[] List(TestPeers peers, DateTimeOffset nextUpdate, Svid revoked) =>
        List(peers.Issuer, nextUpdate, revoked.Leaf.SerialNumber);

    private static byte[] List(CertificateIssuer issuer, DateTimeOffset nextUpdate, BigInteger serial, DateTimeOffset? thisUpdate = null)
    {
        using var signer = X509Certificate2.CreateFromPem(issuer.CertificatePem, issuer.PrivateKeyPem);
        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry(serial.ToByteArray(isBigEndian: true));
        return builder.Build(signer, 1, nextUpdate, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, thisUpdate: thisUpdate ?? DateTimeOffset.UtcNow.AddHours(-1));
    }
}
