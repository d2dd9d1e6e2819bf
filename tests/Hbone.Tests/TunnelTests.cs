using System.Net;
using System.Net.Sockets;
using Mesh.Identity;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tests;

public sealed class TunnelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly HboneOptions Hasty = new()
    {
        DialTimeout = TimeSpan.FromMilliseconds(300),
        HandshakeTimeout = TimeSpan.FromMilliseconds(300),
        ResponseTimeout = TimeSpan.FromMilliseconds(300),
        SettingsTimeout = TimeSpan.FromSeconds(2),
    };

    [Fact]
    public async Task A_server_with_another_identity_than_expected_gets_no_stream()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.Expected = [TestPki.Id("somebody"), TestPki.Id("else")];
        await AssertFails(mesh, TunnelFailure.WrongIdentity);
        Assert.Equal(0, mesh.StreamsSeen);
    }

    [Fact]
    public async Task A_client_of_another_trust_domain_gets_no_stream()
    {
        await using var mesh = await TestMesh.StartAsync(clientTrustDomain: "elsewhere");
        using var client = await mesh.DialAsync();
        await Ended(client);
        Assert.Equal(TunnelEndReason.WrongIdentity, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        Assert.Equal(0, mesh.StreamsSeen);
    }

    [Fact]
    public async Task A_client_of_another_authority_gets_no_stream_and_the_server_says_why()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var other = new TestPki();
        mesh.Identity = other.Issue("client", roots: mesh.Pki.Issuer.Roots);
        using var client = await mesh.DialAsync();
        await Ended(client);
        var end = await TunnelRelayTests.Next(mesh.ServerEnds);
        Assert.Equal(TunnelEndReason.HandshakeFailed, end.Reason);
        Assert.NotEmpty(end.Detail);
    }

    [Fact]
    public async Task Without_an_identity_nothing_is_dialled()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.Identity = null;
        await AssertFails(mesh, TunnelFailure.NoIdentity);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_reaches_the_client_with_its_status(bool early)
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.Early = early;
        mesh.RejectWith = 401;
        using var client = await mesh.DialAsync();
        await Ended(client);
        if (early)
        {
            var result = await TunnelRelayTests.Next(mesh.ClientResults);
            Assert.Equal((RelayEnd.Rejected, 401), (result.End, result.Status));
        }
        else
        {
            var failed = await TunnelRelayTests.Next(mesh.Failures);
            Assert.Equal((TunnelFailure.Rejected, 401), (failed.Failure, failed.Status));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_never_answers_is_given_up_on(bool early)
    {
        await using var mesh = await TestMesh.StartAsync(Hasty);
        mesh.Early = early;
        mesh.NeverAnswer = true;
        using var client = await mesh.DialAsync();
        await Ended(client);
        if (early) Assert.Equal(RelayEnd.ResponseTimeout, (await TunnelRelayTests.Next(mesh.ClientResults)).End);
        else Assert.Equal(TunnelFailure.ResponseTimeout, (await TunnelRelayTests.Next(mesh.Failures)).Failure);
        for (var i = 0; i < 500 && !mesh.Requests.Single().IsGone; i++) await Task.Delay(10);
        Assert.True(mesh.Requests.Single().IsGone);
    }

    [Fact]
    public async Task A_peer_that_accepts_and_says_nothing_fails_all_who_wait_together()
    {
        await using var mesh = await TestMesh.StartAsync(Hasty);
        using var silent = new TestApplication();
        var key = new TunnelKey(mesh, [TestPki.Id("server")], InetEndpoint.From(IPEndPoint.Parse(silent.Authority)));
        var outcomes = await Connect(mesh, key, 20);
        Assert.All(outcomes, outcome => Assert.Equal(TunnelFailure.TlsTimeout, outcome.Failure));
        Assert.Equal(1, (await mesh.OnClient(() => mesh.Pool.Counters)).Dials);
        Assert.Equal(0, await mesh.OnClient(() => mesh.Pool.Tunnels));
    }

    [Fact]
    public async Task A_refused_dial_is_told_at_once()
    {
        await using var mesh = await TestMesh.StartAsync();
        var key = new TunnelKey(mesh, [TestPki.Id("server")], InetEndpoint.LoopbackV4(1));
        Assert.Equal(TunnelFailure.DialRefused, (await Connect(mesh, key, 1))[0].Failure);
    }

    [Fact]
    public async Task Waiters_beyond_the_bound_are_refused()
    {
        await using var mesh = await TestMesh.StartAsync(Hasty with { WaitersPerKeyMax = 3 });
        using var silent = new TestApplication();
        var key = new TunnelKey(mesh, [TestPki.Id("server")], InetEndpoint.From(IPEndPoint.Parse(silent.Authority)));
        var outcomes = await Connect(mesh, key, 5);
        Assert.Equal(2, outcomes.Count(outcome => outcome.Failure == TunnelFailure.PoolFull));
        Assert.Equal(3, outcomes.Count(outcome => outcome.Failure == TunnelFailure.TlsTimeout));
    }

    [Fact]
    public async Task A_full_tunnel_is_joined_by_another_and_takes_streams_again_later()
    {
        await using var mesh = await TestMesh.StartAsync(new HboneOptions { StreamsPerTunnelMax = 2, TunnelsPerKeyMax = 2 });
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        var clients = new List<Socket>();
        var servers = new List<Socket>();
        for (var i = 0; i < 4; i++)
        {
            clients.Add(await mesh.DialAsync());
            servers.Add(await application.AcceptAsync().WaitAsync(Patience));
        }
        Assert.Equal(2, await mesh.OnClient(() => mesh.Pool.Tunnels));

        using var fifth = await mesh.DialAsync(); // Waits for room.
        var accepted = application.AcceptAsync();
        await Task.Delay(100);
        Assert.False(accepted.IsCompleted);
        clients[0].Dispose();
        servers[0].Dispose();
        using var served = await accepted.WaitAsync(Patience);
        Assert.Equal(2, await mesh.OnClient(() => mesh.Pool.Tunnels));
        foreach (var socket in clients.Concat(servers)) socket.Dispose();
    }

    [Fact]
    public async Task A_draining_server_lets_streams_finish_and_takes_no_more_on_that_tunnel()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        var first = mesh.Servers.Keys.Single();
        await mesh.ServerLoop.InvokeAsync(() =>
        {
            first.Drain();
            return Task.CompletedTask;
        });
        await Task.Delay(200);
        using var second = await mesh.DialAsync();
        using var secondServer = await application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal(2, mesh.Servers.Count);

        await client.SendAsync("still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await TestApplication.ReadAsync(server, 10).WaitAsync(Patience));
        client.Dispose();
        server.Dispose();
        Assert.Equal(TunnelEndReason.Closed, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
    }

    [Fact]
    public async Task A_forgotten_destination_gets_a_new_tunnel_and_a_cut_one_loses_its_streams()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        await mesh.OnClient(() => { mesh.Pool.ForgetDestination(IPAddress.Loopback); return 0; });
        using var second = await mesh.DialAsync();
        using var secondServer = await application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal(2, await mesh.OnClient(() => mesh.Pool.Tunnels));
        await client.SendAsync("a"u8.ToArray());
        Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));

        await mesh.OnClient(() => { mesh.Pool.CutDestination(IPAddress.Loopback, TunnelEndReason.PeerChanged); return 0; });
        await Ended(client);
        await Ended(second);
        Assert.Equal(RelayEnd.PeerChanged, (await TunnelRelayTests.Next(mesh.ClientResults)).End);
        Assert.Equal(0, await mesh.OnClient(() => mesh.Pool.Tunnels));
    }

    [Fact]
    public async Task A_renewed_identity_means_new_tunnels()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        mesh.Identity = mesh.Pki.Issue("client");
        using var second = await mesh.DialAsync();
        using var secondServer = await application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal(2, await mesh.OnClient(() => mesh.Pool.Tunnels));
    }

    [Fact]
    public async Task An_unused_tunnel_is_closed_in_order()
    {
        await using var mesh = await TestMesh.StartAsync(new HboneOptions { UnusedRelease = TimeSpan.FromMilliseconds(100) });
        using var application = new TestApplication();
        _ = application.EchoAsync();
        mesh.Authority = application.Authority;
        using (var client = await mesh.DialAsync())
        {
            await client.SendAsync("x"u8.ToArray());
            Assert.Single(await TestApplication.ReadAsync(client, 1).WaitAsync(Patience));
            client.Shutdown(SocketShutdown.Send);
            await Ended(client);
        }
        for (var i = 0; i < 1500 && await mesh.OnClient(() => mesh.Pool.Tunnels) > 0; i++) await Task.Delay(10);
        Assert.Equal(0, await mesh.OnClient(() => mesh.Pool.Tunnels));
        Assert.Equal(TunnelEndReason.Closed, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
    }

    [Fact]
    public async Task A_peer_that_speaks_no_tls_or_too_slowly_is_ended()
    {
        await using var mesh = await TestMesh.StartAsync(Hasty);
        using (var rubbish = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await rubbish.ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
            await rubbish.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
            Assert.Equal(TunnelEndReason.HandshakeFailed, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        }
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await slow.ConnectAsync(mesh.ServerAddress.ToIPEndPoint());
        await slow.SendAsync(new byte[] { 22, 3, 1 });
        Assert.Equal(TunnelEndReason.HandshakeTimeout, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
    }

    [Fact]
    public async Task Relaying_allocates_nothing_per_chunk()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        var chunk = new byte[4000];
        PingPong(500);
        var before = await Allocated(mesh);
        PingPong(2000);
        var after = await Allocated(mesh);
        // What is left is the measuring itself, two posted calls.
        Assert.InRange(after.Client - before.Client, 0, 4096);
        Assert.InRange(after.Server - before.Server, 0, 4096);

        void PingPong(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                client.Send(chunk);
                for (var have = 0; have < chunk.Length;) have += server.Receive(chunk.AsSpan(have));
                server.Send(chunk);
                for (var have = 0; have < chunk.Length;) have += client.Receive(chunk.AsSpan(have));
            }
        }
    }

    /// <summary>
    /// The list. Client: LoopSocket and its registration, TunnelStream and its dictionary entry, TunnelRelay, CONNECT's header texts, the
    /// caller's state machine. Server: the same two sockets' and stream's objects, ConnectRequest with its four texts, the dial's and the
    /// answer's state machines. No buffer, no timer, no task per direction.
    /// </summary>
    [Fact]
    public async Task A_new_connection_allocates_a_short_list_of_objects()
    {
        const int Connections = 400;
        const long ClientBytesMax = 1100, ServerBytesMax = 1800;
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        await Churn(Connections); // Pools are filled, code is compiled.
        var before = await Allocated(mesh);
        await Churn(Connections);
        var after = await Allocated(mesh);
        var (clientEach, serverEach) = ((after.Client - before.Client) / Connections, (after.Server - before.Server) / Connections);
        TestContext.Current.TestOutputHelper?.WriteLine($"{clientEach} and {serverEach} bytes each");
        Assert.InRange(clientEach, 1, ClientBytesMax);
        Assert.InRange(serverEach, 1, ServerBytesMax);

        async Task Churn(int times)
        {
            for (var i = 0; i < times; i++)
            {
                using var client = await mesh.DialAsync();
                using var server = await application.AcceptAsync().WaitAsync(Patience);
                client.Send("a"u8);
                Assert.Equal(1, server.Receive(new byte[1]));
                client.Shutdown(SocketShutdown.Send);
                server.Shutdown(SocketShutdown.Send);
                await TunnelRelayTests.Next(mesh.ClientResults);
                await TunnelRelayTests.Next(mesh.ServerResults);
            }
        }
    }

    private static async Task<(long Client, long Server)> Allocated(TestMesh mesh) => (
        await mesh.ClientLoop.InvokeAsync(() => Task.FromResult(GC.GetAllocatedBytesForCurrentThread())),
        await mesh.ServerLoop.InvokeAsync(() => Task.FromResult(GC.GetAllocatedBytesForCurrentThread())));

    private static Task<TunnelConnected[]> Connect(TestMesh mesh, TunnelKey key, int times) => mesh.ClientLoop.InvokeAsync(async () =>
    {
        var headers = new ConnectHeaders("10.0.0.1:80", null, null, null);
        var asked = Enumerable.Range(0, times).Select(_ => mesh.Pool.ConnectAsync(key, headers).AsTask()).ToArray();
        return await Task.WhenAll(asked);
    });

    private static async Task AssertFails(TestMesh mesh, TunnelFailure failure)
    {
        using var client = await mesh.DialAsync();
        await Ended(client);
        var failed = await TunnelRelayTests.Next(mesh.Failures);
        Assert.Equal(failure, failed.Failure);
        Assert.NotEmpty(failed.Detail);
    }

    private static async Task Ended(Socket socket)
    {
        try
        {
            Assert.Empty(await TestApplication.ReadToEndAsync(socket).WaitAsync(Patience));
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown) { }
    }
}
