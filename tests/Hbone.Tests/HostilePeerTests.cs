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

    private static readonly byte[] CancelFirst = Cancel(1);

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
        Assert.Equal(1, mesh.BadRequests);
    }

    [Fact]
    public async Task Requests_in_hand_are_bounded_though_their_client_gives_each_up_at_once()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.NeverAnswer = true;
        await using var peer = await ConnectAsync(mesh);
        await peer.WriteAsync((byte[])[.. Preface, .. EmptySettings]);
        var inHand = 2 * mesh.Options.ServerStreamsMax;
        for (var i = 0; i < inHand; i++)
        {
            await peer.WriteAsync(Connect(1 + 2 * i, "a:1"));
            await TunnelRelayTests.Next(mesh.Requests); // Begun before it is cancelled.
            await peer.WriteAsync(Cancel(1 + 2 * i));
        }

        await peer.WriteAsync(Connect(1 + 2 * inHand, "a:1"));
        Assert.True(await SeesAsync(peer, (byte)'5')); // :status 503.
        Assert.Equal(inHand, mesh.StreamsSeen);
    }

    [Fact]
    public async Task A_request_its_bytes_and_its_end_in_one_breath_arrive_whole()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        await using var peer = await ConnectAsync(mesh);
        byte[] all = [0, 0, 5, 0, 1, 0, 0, 0, 1, .. "whole"u8];
        await peer.WriteAsync((byte[])[.. Preface, .. EmptySettings, .. Connect(1, application.Authority), .. all]);
        using var server = await application.AcceptAsync();
        Assert.Equal("whole"u8.ToArray(), await TestApplication.ReadToEndAsync(server).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_request_cancelled_in_the_same_breath_is_never_begun()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.RejectWith = 503;
        await using var peer = await ConnectAsync(mesh);
        await peer.WriteAsync((byte[])[.. Preface, .. EmptySettings, .. Connect(1, "a:1"), .. CancelFirst, .. Connect(3, "b:3")]);
        Assert.Equal("b:3", (await TunnelRelayTests.Next(mesh.Requests)).Authority);
        Assert.Equal(1, mesh.StreamsSeen);
    }

    [Fact]
    public async Task A_reset_right_behind_the_end_takes_nothing_from_the_last_bytes()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        await using var peer = await ConnectAsync(mesh);
        byte[] windowOfNothing = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
        await peer.WriteAsync((byte[])[.. Preface, .. windowOfNothing, .. Connect(1, application.Authority)]);

        // What the application says stays in its socket, so that closing it can only be a reset.
        using var server = await application.AcceptAsync();
        server.Blocking = false;
        while (server.Send(new byte[64 * 1024], SocketFlags.None, out var full) > 0 && full == SocketError.Success)
        {
        }

        server.Blocking = true;
        byte[] end = [0, 0, 3, 0, 1, 0, 0, 0, 1, .. "bye"u8];
        await peer.WriteAsync((byte[])[.. end, .. CancelFirst]);
        Assert.Equal("bye"u8.ToArray(), await TestApplication.ReadAsync(server, 3).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(RelayEnd.Closed, (await TunnelRelayTests.Next(mesh.ServerResults)).End);
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
    public async Task A_crowd_of_handshakes_takes_turns_with_the_traffic_that_is_there()
    {
        const int crowd = 64;
        await using var mesh = await TestMesh.StartAsync();
        using var crowdIsThere = new ManualResetEventSlim();
        var busy = mesh.ServerLoop.InvokeAsync(() =>
        {
            Assert.True(crowdIsThere.Wait(TimeSpan.FromSeconds(60), CancellationToken.None));
            return Task.FromResult(mesh.ServerLoop.Statistics.Turns);
        });
        var begun = new List<Socket>();
        for (var i = 0; i < crowd; i++)
        {
            begun.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await begun[i].ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
            await begun[i].SendAsync((byte[])[0]); // No handshake begins like this: each is answered with an alert.
        }

        crowdIsThere.Set();
        var before = await busy;
        for (var i = 0; i < crowd; i++) await TunnelRelayTests.Next(mesh.ServerEnds);
        Assert.InRange(mesh.ServerLoop.Statistics.Turns - before, crowd / Tunnels.HandshakeTurns.BeginningsPerTurn, long.MaxValue);
        foreach (var socket in begun) socket.Dispose();
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

    /// <summary>A CONNECT's HEADERS frame, both fields literal.</summary>
    private static byte[] Connect(int stream, string authority)
    {
        byte[] fields = [0x42, 7, .. "CONNECT"u8, 0x41, (byte)authority.Length, .. System.Text.Encoding.ASCII.GetBytes(authority)];
        return [0, 0, (byte)fields.Length, 1, 4, 0, 0, (byte)(stream >> 8), (byte)stream, .. fields];
    }

    /// <summary>RST_STREAM, CANCEL.</summary>
    private static byte[] Cancel(int stream) => [0, 0, 4, 3, 0, 0, 0, (byte)(stream >> 8), (byte)stream, 0, 0, 0, 8];

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
