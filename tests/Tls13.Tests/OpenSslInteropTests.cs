using Mesh.Identity;
using Mesh.Tls13.Handshake;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

[Trait("Category", "Interop")]
public sealed class OpenSslInteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<IssuerKeyKind, string, CipherSuite> Kinds => new()
    {
        { IssuerKeyKind.Ec256, "TLS_AES_128_GCM_SHA256", CipherSuite.Aes128GcmSha256 },
        { IssuerKeyKind.Ec256, "TLS_AES_256_GCM_SHA384", CipherSuite.Aes256GcmSha384 },
        { IssuerKeyKind.Rsa2048, "TLS_AES_256_GCM_SHA384", CipherSuite.Aes256GcmSha384 },
    };

    [Theory, MemberData(nameof(Kinds))]
    public async Task Our_client_talks_with_an_openssl_server(IssuerKeyKind kind, string suite, CipherSuite expected)
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers(kind);
        var (peer, connection) = await OpenSslPeer.ServerAsync(peers, $"-quiet -ciphersuites {suite}");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Client, "client");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        Assert.Equal(expected, ours.Session.Suite);
        Assert.Equal("openssl", CertificateFacts.TryRead(ours.PeerLeaf)!.Identity!.ServiceAccount);
        await ours.SendAsync("hello from us\n");
        Assert.Equal("hello from us", await peer.Output.ReadLineAsync().WaitAsync(Patience));
        await peer.Input.WriteLineAsync("hello from openssl");
        await peer.Input.FlushAsync();
        // The server sends its session tickets first; they are passed over.
        Assert.Equal("hello from openssl\n", await ours.ReadAsync(19).WaitAsync(Patience));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_openssl_client_talks_with_our_server(IssuerKeyKind kind, string suite, CipherSuite expected)
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers(kind);
        var (peer, connection) = await OpenSslPeer.ClientAsync(peers, $"-quiet -alpn h2 -ciphersuites {suite}");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        Assert.Equal(expected, ours.Session.Suite);
        await peer.Input.WriteLineAsync("hello from openssl");
        await peer.Input.FlushAsync();
        Assert.Equal("hello from openssl\n", await ours.ReadAsync(19).WaitAsync(Patience));
        await ours.SendAsync("hello from us\n");
        Assert.Equal("hello from us", await peer.Output.ReadLineAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task Keys_are_updated_from_both_sides_while_data_flows()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ServerAsync(peers, "");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Client, "client");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        await peer.Input.WriteLineAsync("K"); // Update, and ask us to update too.
        await peer.Input.FlushAsync();
        while (!ours.Session.OwesKeyUpdate) Assert.Equal(TlsReading.Control, await ours.ReadOneAsync(_ => { }).WaitAsync(Patience));
        await peer.Input.WriteLineAsync("under the new key"); // Only now: a command takes the rest of what was read with it.
        await peer.Input.FlushAsync();
        Assert.Equal("under the new key\n", await ours.ReadAsync(18).WaitAsync(Patience));
        Assert.True(ours.Session.OwesKeyUpdate);
        await ours.UpdateKeyAsync(askPeer: false);
        await ours.SendAsync("ours is new too\n");
        await AssertSays(peer, "ours is new too");
        await ours.UpdateKeyAsync(askPeer: true);
        await ours.SendAsync("and again\n");
        await AssertSays(peer, "and again");
        await peer.Input.WriteLineAsync("answered");
        await peer.Input.FlushAsync();
        Assert.Equal("answered\n", await ours.ReadAsync(9).WaitAsync(Patience));
    }

    [Fact]
    public async Task Our_close_is_understood_and_theirs_is()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ClientAsync(peers, "-alpn h2");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        await peer.Input.WriteLineAsync("Q"); // s_client's word for quit.
        await peer.Input.FlushAsync();
        Assert.Equal(TlsReading.Closed, await ours.ReadOneAsync().WaitAsync(Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Peers_with_an_RSA_key_are_understood_in_both_roles(bool isServer)
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = isServer
            ? await OpenSslPeer.ServerAsync(peers, "-quiet", isRsa: true)
            : await OpenSslPeer.ClientAsync(peers, "-quiet -alpn h2", isRsa: true);
        using var _ = peer;
        using var context = peers.Context(isServer ? TlsRole.Client : TlsRole.Server, "ours");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        Assert.Equal("openssl", CertificateFacts.TryRead(ours.PeerLeaf)!.Identity!.ServiceAccount);
        await ours.SendAsync("hello\n");
        await AssertSays(peer, "hello");
    }

    [Fact]
    public async Task Many_session_tickets_are_passed_over()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ServerAsync(peers, "-quiet -num_tickets 12");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Client, "client");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        await peer.Input.WriteLineAsync("behind the tickets");
        await peer.Input.FlushAsync();
        Assert.Equal("behind the tickets\n", await ours.ReadAsync(19).WaitAsync(Patience));
        Assert.True(ours.Session.Received > 12);
    }

    [Fact]
    public async Task A_client_of_TLS_1_2_is_told_that_its_version_is_the_reason()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ClientAsync(peers, "-alpn h2 -tls1_2");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Conversation.HandshakeAsync(connection, context)).WaitAsync(Patience);
        connection.Dispose();
        Assert.Contains("alert protocol version", await peer.Errors.ReadToEndAsync().WaitAsync(Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_TLS_1_2_is_refused()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ServerAsync(peers, "-quiet -tls1_2");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Client, "client");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Conversation.HandshakeAsync(connection, context)).WaitAsync(Patience);
        Assert.Contains("version", refused.Message, StringComparison.Ordinal);
        connection.Dispose();
    }

    [Fact]
    public async Task Early_data_of_a_resumed_session_is_never_delivered()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var session = await OpenSslPeer.SessionAsync(peers);
        await using var ticket = new TemporaryFile(session);
        await using var early = new TemporaryFile("too early\n");
        var (peer, connection) = await OpenSslPeer.ClientAsync(peers, $"-alpn h2 -sess_in {ticket.Path} -early_data {early.Path}");
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        await AssertSays(peer, "Early data was rejected");
        await peer.Input.WriteLineAsync("in time");
        await peer.Input.FlushAsync();
        Assert.Equal("in time\n", await ours.ReadAsync(8).WaitAsync(Patience));
    }

    [Theory]
    [InlineData("-alpn http/1.1")] // Another protocol.
    [InlineData("")] // No protocol at all.
    [InlineData("-alpn h2 -tls1_2")]
    [InlineData("-alpn h2 -ciphersuites TLS_CHACHA20_POLY1305_SHA256")]
    public async Task A_client_that_does_not_speak_as_we_do_is_refused(string options)
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ClientAsync(peers, options);
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Conversation.HandshakeAsync(connection, context)).WaitAsync(Patience);
        Assert.NotEmpty(refused.Message);
        connection.Dispose();
    }

    [Fact]
    public async Task A_client_with_a_certificate_of_others_is_refused()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        using var others = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ClientAsync(others, "-alpn h2", peers.Issuer.Roots);
        using var _ = peer;
        using var context = peers.Context(TlsRole.Server, "server");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Conversation.HandshakeAsync(connection, context)).WaitAsync(Patience);
        Assert.Contains("certificate", refused.Message, StringComparison.Ordinal);
        connection.Dispose();
    }

    [Fact]
    public async Task A_server_that_refuses_us_is_heard()
    {
        OpenSslPeer.SkipIfMissing();
        using var peers = new TestPeers();
        using var others = new TestPeers();
        var (peer, connection) = await OpenSslPeer.ServerAsync(peers, "-quiet");
        using var _ = peer;
        using var context = others.Context(TlsRole.Client, "stranger", peers.Issuer.Roots);
        // In TLS 1.3 a client is done before the server has looked at its certificate: the refusal comes as an alert behind it.
        using var ours = await Conversation.HandshakeAsync(connection, context).WaitAsync(Patience);
        Assert.Equal(TlsReading.PeerAlert, await ours.ReadOneAsync().WaitAsync(Patience));
        Assert.Contains(ours.Session.Alert, (AlertDescription[])[AlertDescription.UnknownCa, AlertDescription.DecryptError, AlertDescription.BadCertificate]);
    }

    private static async Task AssertSays(OpenSslPeer peer, string line)
    {
        while (true)
        {
            var said = await peer.Output.ReadLineAsync().WaitAsync(Patience);
            Assert.NotNull(said);
            if (said.Contains(line, StringComparison.Ordinal)) return;
        }
    }
}
