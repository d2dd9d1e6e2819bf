using System.Net.Sockets;
using System.Text;
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

    /// <summary>Our end over a blocking-style socket: enough I/O for a test.</summary>
    private sealed class Conversation(Socket connection, TlsSession session, byte[] peerLeaf, byte[] received) : IDisposable
    {
        private byte[] pending = received;

        public TlsSession Session => session;
        public byte[] PeerLeaf => peerLeaf;

        public static async Task<Conversation> HandshakeAsync(Socket connection, TlsContext context)
        {
            using var handshake = new TlsHandshake(context);
            var unread = Array.Empty<byte>();
            while (true)
            {
                var output = new byte[handshake.OutputBytes];
                handshake.TakeOutput(output);
                if (output.Length > 0) await connection.SendAsync(output);
                if (handshake.Progress == HandshakeProgress.Failed) throw new InvalidOperationException(handshake.Problem);
                if (handshake.Progress == HandshakeProgress.Complete)
                    return new Conversation(connection, handshake.CreateSession(), handshake.PeerLeaf(), unread);
                var buffer = new byte[16 * 1024];
                var n = await connection.ReceiveAsync(buffer);
                if (n == 0) throw new InvalidOperationException("The peer closed the connection.");
                unread = [.. unread, .. buffer[..n]];
                handshake.Advance(unread, out var consumed);
                unread = unread[consumed..];
            }
        }

        public async Task SendAsync(string text)
        {
            var data = Encoding.ASCII.GetBytes(text);
            var record = new byte[RecordLimits.HeaderBytes + data.Length + RecordLimits.TrailerBytes];
            data.CopyTo(record, RecordLimits.HeaderBytes);
            session.Seal(record, data.Length);
            await connection.SendAsync(record);
        }

        public async Task UpdateKeyAsync(bool askPeer)
        {
            var record = new byte[TlsSession.ControlRecordBytesMax];
            await connection.SendAsync(record.AsMemory(0, session.WriteKeyUpdate(record, askPeer)));
        }

        public async Task<string> ReadAsync(int bytes)
        {
            var text = "";
            while (text.Length < bytes)
            {
                var reading = await ReadOneAsync(payload => text += Encoding.ASCII.GetString(payload));
                Assert.Contains(reading, (TlsReading[])[TlsReading.Data, TlsReading.Control]);
            }
            return text;
        }

        public async Task<TlsReading> ReadOneAsync(Action<byte[]>? onData = null)
        {
            while (true)
            {
                var reading = session.Read(pending, out var consumed, out var payloadBytes);
                if (reading == TlsReading.Data) onData?.Invoke(pending[RecordLimits.HeaderBytes..(RecordLimits.HeaderBytes + payloadBytes)]);
                pending = pending[consumed..];
                if (reading == TlsReading.Control && onData is null) continue;
                if (reading != TlsReading.NeedMoreBytes) return reading;
                var buffer = new byte[16 * 1024];
                var n = await connection.ReceiveAsync(buffer);
                Assert.NotEqual(0, n);
                pending = [.. pending, .. buffer[..n]];
            }
        }

        public void Dispose()
        {
            session.Dispose();
            connection.Dispose();
        }
    }
}
