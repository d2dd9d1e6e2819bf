using Mesh.Identity;
using Mesh.Tls13.Handshake;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

public sealed class TlsHandshakeTests
{
    [Theory]
    [InlineData(IssuerKeyKind.Ec256)]
    [InlineData(IssuerKeyKind.Rsa2048)]
    public void Two_peers_of_one_root_end_with_matching_sessions(IssuerKeyKind kind)
    {
        using var peers = new TestPeers(kind);
        using var clientContext = peers.Context(TlsRole.Client, "client");
        using var serverContext = peers.Context(TlsRole.Server, "server");
        using var client = new TlsHandshake(clientContext);
        using var server = new TlsHandshake(serverContext);

        Assert.Empty(Run(client, server));

        Assert.Equal(HandshakeProgress.Complete, client.Progress);
        Assert.Equal(HandshakeProgress.Complete, server.Progress);
        Assert.Equal("server", CertificateFacts.TryRead(client.PeerLeaf())!.Identity!.ServiceAccount);
        Assert.Equal("client", CertificateFacts.TryRead(server.PeerLeaf())!.Identity!.ServiceAccount);
        using var left = client.CreateSession();
        using var right = server.CreateSession();
        Assert.Equal(CipherSuite.Aes128GcmSha256, left.Suite);
        AssertTalk(left, right);
        AssertTalk(right, left);
    }

    [Fact]
    public void Bytes_behind_the_last_handshake_record_are_left_alone()
    {
        using var peers = new TestPeers();
        using var clientContext = peers.Context(TlsRole.Client, "client");
        using var serverContext = peers.Context(TlsRole.Server, "server");
        using var client = new TlsHandshake(clientContext);
        using var server = new TlsHandshake(serverContext);
        Exchange(client, server);
        Exchange(server, client);
        using var session = client.CreateSession();
        var early = new byte[RecordLimits.HeaderBytes + 3 + RecordLimits.TrailerBytes];
        session.Seal(early, 3);

        var flight = Output(client);
        Assert.Equal(HandshakeProgress.Complete, server.Advance([.. flight, .. early], out var consumed));
        Assert.Equal(flight.Length, consumed);
        using var other = server.CreateSession();
        Assert.Equal(TlsReading.Data, other.Read(early, out _, out var payloadBytes));
        Assert.Equal(3, payloadBytes);
    }

    [Fact]
    public void A_handshake_may_arrive_byte_by_byte()
    {
        using var peers = new TestPeers();
        using var clientContext = peers.Context(TlsRole.Client, "client");
        using var serverContext = peers.Context(TlsRole.Server, "server");
        using var client = new TlsHandshake(clientContext);
        using var server = new TlsHandshake(serverContext);
        Assert.Empty(Run(client, server, pieceBytes: 1));
        Assert.Equal(HandshakeProgress.Complete, server.Progress);
    }

    [Fact]
    public void A_peer_of_another_root_is_refused_on_both_sides()
    {
        using var ours = new TestPeers();
        using var theirs = new TestPeers();
        using var serverContext = ours.Context(TlsRole.Server, "server");
        using var foreignClient = theirs.Context(TlsRole.Client, "client", ours.Issuer.Roots);
        using (var client = new TlsHandshake(foreignClient))
        using (var server = new TlsHandshake(serverContext))
        {
            Run(client, server);
            Assert.Equal(HandshakeProgress.Failed, server.Progress);
            Assert.NotEmpty(server.Problem);
        }
        using var honestClient = ours.Context(TlsRole.Client, "client");
        using var foreignServer = theirs.Context(TlsRole.Server, "server", ours.Issuer.Roots);
        using (var client = new TlsHandshake(honestClient))
        using (var server = new TlsHandshake(foreignServer))
        {
            Run(client, server);
            Assert.Equal(HandshakeProgress.Failed, client.Progress);
            Assert.NotEqual(HandshakeProgress.Complete, server.Progress);
        }
    }

    [Fact]
    public void An_expired_peer_is_refused_and_the_reason_says_so()
    {
        using var peers = new TestPeers();
        using var svid = peers.Issue("old", TimeSpan.FromSeconds(1), DateTimeOffset.UtcNow.AddSeconds(-30));
        using var clientContext = peers.Context(TlsRole.Client, "client");
        using var serverContext = TestPeers.Context(TlsRole.Server, svid, peers.Issuer.Roots);
        using var client = new TlsHandshake(clientContext);
        using var server = new TlsHandshake(serverContext);
        Run(client, server);
        Assert.Equal(HandshakeProgress.Failed, client.Progress);
        Assert.Contains("expired", client.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Either_root_of_a_bundle_with_two_is_enough()
    {
        using var old = new TestPeers();
        using var renewed = new TestPeers();
        var both = old.Issuer.Roots.With(renewed.Issuer.Roots);
        using var clientContext = old.Context(TlsRole.Client, "client", both);
        using var serverContext = renewed.Context(TlsRole.Server, "server", both);
        using var client = new TlsHandshake(clientContext);
        using var server = new TlsHandshake(serverContext);
        Run(client, server);
        Assert.Equal(HandshakeProgress.Complete, server.Progress);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'G', (byte)'E', (byte)'T', (byte)' ', (byte)'/' })]
    [InlineData(new byte[] { 22, 2, 0, 0, 1, 0 })]
    [InlineData(new byte[] { 22, 3, 1, 0xFF, 0xFF })]
    [InlineData(new byte[] { 23, 3, 3, 0, 1, 0 })]
    [InlineData(new byte[] { 22, 3, 3, 0, 4, 1, 0, 0, 0 })]
    public void Rubbish_ends_the_handshake(byte[] rubbish)
    {
        using var peers = new TestPeers();
        using var context = peers.Context(TlsRole.Server, "server");
        using var server = new TlsHandshake(context);
        Assert.Equal(HandshakeProgress.Failed, server.Advance(rubbish, out _));
        Assert.NotEmpty(server.Problem);
    }

    [Fact]
    public void A_handshake_that_never_ends_is_cut_at_its_limit()
    {
        using var peers = new TestPeers();
        using var context = peers.Context(TlsRole.Server, "server");
        using var server = new TlsHandshake(context);
        // A client hello that claims 16 MiB and comes in full records.
        var record = new byte[RecordLimits.HeaderBytes + RecordLimits.PayloadBytesMax];
        new byte[] { 22, 3, 3, 0x40, 0, 1, 0xFF, 0xFF, 0xFF }.CopyTo(record, 0);
        var given = 0;
        while (server.Progress == HandshakeProgress.NeedMoreBytes && given < 1024 * 1024)
        {
            server.Advance(record, out var consumed);
            given += consumed;
        }
        Assert.Equal(HandshakeProgress.Failed, server.Progress);
        Assert.InRange(given, 0, TlsHandshake.ReceivedBytesMax);
    }

    [Fact]
    public void A_context_refuses_what_does_not_fit_together()
    {
        using var peers = new TestPeers();
        using var a = peers.Issue("a");
        using var b = peers.Issue("b");
        Assert.Null(TlsContext.TryCreate(TlsRole.Client, new TlsCredentials(a.Chain, b.PrivateKey, peers.Issuer.Roots.Roots), out var wrongKey));
        Assert.Contains("private key", wrongKey, StringComparison.Ordinal);
        Assert.Null(TlsContext.TryCreate(TlsRole.Client, new TlsCredentials(a.Chain, a.PrivateKey, []), out _));
        Assert.Null(TlsContext.TryCreate(TlsRole.Client, new TlsCredentials([], a.PrivateKey, peers.Issuer.Roots.Roots), out _));
        Assert.Null(TlsContext.TryCreate(TlsRole.Client, new TlsCredentials([new byte[] { 1 }], a.PrivateKey, peers.Issuer.Roots.Roots), out _));
    }

    /// <summary>Runs both ends against each other; returns what neither took.</summary>
    private static byte[] Run(TlsHandshake client, TlsHandshake server, int pieceBytes = int.MaxValue)
    {
        for (var round = 0; round < 8; round++)
        {
            Exchange(client, server, pieceBytes);
            Exchange(server, client, pieceBytes);
        }
        return [.. Output(client), .. Output(server)];
    }

    private static void Exchange(TlsHandshake from, TlsHandshake to, int pieceBytes = int.MaxValue)
    {
        var pending = new List<byte>();
        foreach (var piece in Output(from).Chunk(pieceBytes))
        {
            pending.AddRange(piece);
            to.Advance(pending.ToArray(), out var consumed);
            pending.RemoveRange(0, consumed);
        }
    }

    private static byte[] Output(TlsHandshake handshake)
    {
        var bytes = new byte[handshake.OutputBytes];
        Assert.Equal(bytes.Length, handshake.TakeOutput(bytes));
        return bytes;
    }

    private static void AssertTalk(TlsSession from, TlsSession to)
    {
        var record = new byte[RecordLimits.HeaderBytes + 5 + RecordLimits.TrailerBytes];
        "hello"u8.CopyTo(record.AsSpan(RecordLimits.HeaderBytes));
        from.Seal(record, 5);
        Assert.Equal(TlsReading.Data, to.Read(record, out _, out var payloadBytes));
        Assert.Equal("hello"u8, record.AsSpan(RecordLimits.HeaderBytes, payloadBytes));
    }
}
