using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Hbone.Tests;

/// <summary>Peers with a good certificate and bad manners, made of .NET's own TLS.</summary>
public sealed class HostilePeerTests
{
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private static readonly byte[] EmptySettings = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    [Fact]
    public async Task Rubbish_behind_a_good_handshake_ends_the_tunnel()
    {
        await using var mesh = await TestMesh.StartAsync();
        await using var peer = await ConnectAsync(mesh);
        await peer.WriteAsync(RandomNumberGenerator.GetBytes(1000));
        Assert.Equal(TunnelEndReason.ProtocolError, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
    }

    [Fact]
    public async Task Seeded_mutations_of_a_good_conversation_never_do_more_than_end_the_tunnel()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.RejectWith = 503;
        byte[] good = [.. Preface, .. EmptySettings, 0, 0, 14, 1, 4, 0, 0, 0, 1, 0x42, 7, .. "CONNECT"u8, 0x41, 3, .. "a:1"u8, 0, 0, 3, 0, 1, 0, 0, 0, 1, 1, 2, 3];
        var random = new Random(7);
        for (var i = 0; i < 60; i++)
        {
            var bytes = good.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(Preface.Length, bytes.Length)] = (byte)random.Next(256);
            await using var peer = await ConnectAsync(mesh);
            await peer.WriteAsync(bytes);
        }
        Assert.Empty(mesh.Faults);
        for (var i = 0; i < 60; i++) await TunnelRelayTests.Next(mesh.ServerEnds);
    }

    [Fact]
    public async Task A_request_that_is_no_connect_is_answered_400()
    {
        await using var mesh = await TestMesh.StartAsync();
        await using var peer = await ConnectAsync(mesh);
        // :method GET, :scheme http, :path /, :authority "a", all from the static table but the last.
        await peer.WriteAsync((byte[])[.. Preface, .. EmptySettings, 0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, (byte)'a']);
        Assert.True(await SeesAsync(peer, 0x8C)); // :status 400 of the static table.
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task A_connection_that_breaks_off_ends_its_streams()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(20));
        await client.SendAsync("a"u8.ToArray());
        Assert.Single(await TestApplication.ReadAsync(server, 1));
        var tunnel = mesh.Servers.Keys.Single();
        await mesh.ServerLoop.InvokeAsync(() =>
        {
            tunnel.Cut(TunnelEndReason.PolicyDenied);
            return Task.CompletedTask;
        });
        Assert.Equal(RelayEnd.PolicyDenied, (await TunnelRelayTests.Next(mesh.ServerResults)).End);
        Assert.Equal(RelayEnd.TunnelClosed, (await TunnelRelayTests.Next(mesh.ClientResults)).End);
        Assert.Equal(TunnelEndReason.PolicyDenied, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        await Assert.ThrowsAsync<SocketException>(() => TestApplication.ReadToEndAsync(server));
    }

    [Fact]
    public async Task Handshakes_that_only_begin_hold_next_to_nothing_and_keep_nobody_out()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.RejectWith = 503;
        var silent = new List<Socket>();
        for (var i = 0; i < 100; i++)
        {
            silent.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await silent[i].ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
            if (i % 2 == 0) await silent[i].SendAsync((byte[])[22, 3, 1, 2, 0, 1]); // The first bytes of a client hello.
        }
        await using (await ConnectAsync(mesh))
        {
            Assert.Equal(101, mesh.Servers.Count);
            Assert.InRange(mesh.ServerLoop.Buffers.LentBytes, 0, 50 * 2048);
        }
        foreach (var socket in silent) socket.Dispose();
        for (var i = 0; i < 101; i++) await TunnelRelayTests.Next(mesh.ServerEnds);
        Assert.Equal(0, mesh.ServerLoop.Buffers.LentBytes);
    }

    [Fact]
    public async Task When_too_many_are_in_the_middle_of_their_handshake_the_first_is_given_up()
    {
        await using var mesh = await TestMesh.StartAsync();
        var begun = new List<Socket>();
        for (var i = 0; i <= Tunnels.HandshakeLimit.HandshakesMax; i++)
        {
            begun.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await begun[i].ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
            await begun[i].SendAsync((byte[])[22]);
        }
        var end = await TunnelRelayTests.Next(mesh.ServerEnds);
        Assert.Equal(TunnelEndReason.HandshakeFailed, end.Reason);
        Assert.Contains("given up for others", end.Detail, StringComparison.Ordinal);
        for (var i = 0; i < 200 && mesh.Servers.Count > Tunnels.HandshakeLimit.HandshakesMax; i++) await Task.Delay(50); // Told before it is forgotten.
        Assert.Equal(Tunnels.HandshakeLimit.HandshakesMax, mesh.Servers.Count);
        Assert.Empty(mesh.ServerEnds);
        foreach (var socket in begun) socket.Dispose();
    }

    private static async Task<bool> SeesAsync(SslStream peer, byte wanted)
    {
        var buffer = new byte[4096];
        for (var i = 0; i < 20; i++)
        {
            var n = await peer.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            if (buffer.AsSpan(0, n).Contains(wanted)) return true;
            if (n == 0) return false;
        }
        return false;
    }

    private static async Task<SslStream> ConnectAsync(TestMesh mesh)
    {
        var svid = mesh.Pki.Issue("hostile").Svid;
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.PrivateKey, out _);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            ClientCertificates = [leaf.CopyWithPrivateKey(key)],
            RemoteCertificateValidationCallback = (_, server, _, _) => server is not null,
        });
        return stream;
    }
}
