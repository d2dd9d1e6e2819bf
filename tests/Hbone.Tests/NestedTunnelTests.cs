using System.Collections.Immutable;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Identity;
using Mesh.Linux;

namespace Mesh.Hbone.Tests;

/// <summary>A tunnel inside a tunnel: a client's proxy, a gateway that only passes bytes on, and a remote proxy.</summary>
public sealed class NestedTunnelTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TestPki _pki = new();
    private readonly TestApplication _application = new();
    private TestMesh _near = null!;
    private TestMesh _far = null!;

    public async ValueTask InitializeAsync()
    {
        _far = await TestMesh.StartAsync(sharedPki: _pki, server: "remote");
        _near = await TestMesh.StartAsync(sharedPki: _pki, server: "gateway", check: RevocationCheck.None);
        _near.Expected = [TestPki.Id("gateway")];
        _near.Authority = _far.ServerAddress.ToString();
        Beyond(TestPki.Id("remote"));
    }

    public async ValueTask DisposeAsync()
    {
        await _near.DisposeAsync();
        await _far.DisposeAsync();
        _application.Dispose();
        _pki.Dispose();
    }

    private void Beyond(params SpiffeId[] expected) =>
        _near.Through = (new ConnectHeaders(_application.Authority, "for=\"10.0.0.1:1\"", "k8s.namespace.name=here", null, "west"), expected.ToImmutableArray());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bytes_go_through_and_both_layers_carry_their_own_headers(bool early)
    {
        _near.Early = early;
        using var client = await _near.DialAsync();
        await client.SendAsync("hello"u8.ToArray());
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal("hello"u8.ToArray(), await TestApplication.ReadAsync(server, 5).WaitAsync(Patience));
        await server.SendAsync("world!"u8.ToArray());
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("world!"u8.ToArray(), await TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal(new RelayResult(5, 6, RelayEnd.Closed, Errno.None, 200), await TunnelRelayTests.Next(_near.ClientResults));
        var outer = _near.Requests.Single();
        Assert.Equal((_far.ServerAddress.ToString(), null), (outer.Authority, outer.ForwardedNetwork));
        var inner = _far.Requests.Single();
        Assert.Equal((_application.Authority, "west", "client"), (inner.Authority, inner.ForwardedNetwork, inner.Peer.Identity.ServiceAccount));
        await EndedAsync();
    }

    [Fact]
    public async Task Megabytes_arrive_as_they_were_sent_in_both_directions_at_once()
    {
        using var client = await _near.DialAsync();
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        var up = RandomNumberGenerator.GetBytes(13 * 1024 * 1024 + 12345);
        var down = RandomNumberGenerator.GetBytes(9 * 1024 * 1024 + 1);
        var sends = Task.WhenAll(TunnelRelayTests.SendAll(client, up), TunnelRelayTests.SendAll(server, down));
        var reads = await Task.WhenAll(TestApplication.ReadToEndAsync(client), TestApplication.ReadToEndAsync(server)).WaitAsync(Patience);
        await sends;
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(reads[0]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData(reads[1]));
        Assert.Equal(new RelayResult(up.Length, down.Length, RelayEnd.Closed, Errno.None, 200), await TunnelRelayTests.Next(_near.ClientResults));
        await EndedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_last_bytes_arrive_though_the_other_side_ended_long_before(bool clientEndsFirst)
    {
        using var client = await _near.DialAsync();
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        var (first, second) = clientEndsFirst ? (client, server) : (server, client);
        first.Shutdown(SocketShutdown.Send);
        Assert.Empty(await TestApplication.ReadToEndAsync(second).WaitAsync(Patience));
        var data = RandomNumberGenerator.GetBytes(5_000_000);
        var sending = TunnelRelayTests.SendAll(second, data);
        await Task.Delay(200); // All buffers between the two are full when reading begins.
        Assert.Equal(SHA256.HashData(data), SHA256.HashData(await TestApplication.ReadToEndAsync(first).WaitAsync(Patience)));
        await sending;
        await EndedAsync();
    }

    [Fact]
    public async Task Nothing_piles_up_when_nobody_reads()
    {
        using var client = await _near.DialAsync();
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        var sending = TunnelRelayTests.SendAll(server, new byte[64 * 1024 * 1024]);
        await Task.Delay(500);
        Assert.False(sending.IsCompleted);
        Assert.InRange(_near.ClientLoop.Buffers.LentBytes, 0, 4 * 1024 * 1024);
        Assert.InRange(_near.ServerLoop.Buffers.LentBytes, 0, 4 * 1024 * 1024);
        Assert.Equal(64 * 1024 * 1024, (await TestApplication.ReadToEndAsync(client).WaitAsync(Patience)).Length);
        await sending;
    }

    [Fact]
    public async Task A_reset_on_one_side_is_a_reset_on_the_other()
    {
        using var client = await _near.DialAsync();
        var server = await _application.AcceptAsync().WaitAsync(Patience);
        await client.SendAsync("a"u8.ToArray());
        Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));
        server.LingerState = new LingerOption(true, 0);
        server.Dispose();
        var error = await Assert.ThrowsAsync<SocketException>(() => TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(RelayEnd.SecondReset, (await TunnelRelayTests.Next(_near.ClientResults)).End);
        await EndedAsync();
    }

    [Fact]
    public async Task The_peer_behind_the_gateway_must_be_one_of_those_expected()
    {
        Beyond(TestPki.Id("gateway"), TestPki.Id("somebody"));
        using var client = await _near.DialAsync();
        await ClosedAsync(client);
        var failed = await TunnelRelayTests.Next(_near.Failures);
        Assert.Equal(TunnelFailure.WrongIdentity, failed.Failure);
        Assert.Contains("remote", failed.Detail, StringComparison.Ordinal);
        Assert.Empty(_far.Requests);
        await EndedAsync();
    }

    [Fact]
    public async Task A_peer_behind_the_gateway_that_becomes_revoked_loses_its_stream_and_the_gateway_keeps_its_tunnel()
    {
        using var client = await _near.DialAsync();
        await client.SendAsync("hello"u8.ToArray());
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal("hello"u8.ToArray(), await TestApplication.ReadAsync(server, 5).WaitAsync(Patience));
        var lists = _pki.Revoke(_far.ServerIdentity);
        Assert.Equal(1, await _near.OnClient(() => _near.Pool.CutRevoked(lists.Lists)));
        Assert.Equal(RelayEnd.CertificateRevoked, (await TunnelRelayTests.Next(_near.ClientResults)).End);
        Assert.Equal(TunnelEndReason.CertificateRevoked, (await TunnelRelayTests.Next(_far.ServerEnds)).Reason);
        Assert.Equal(1, await _near.OnClient(() => _near.Pool.Tunnels));

        _near.Identity = _pki.Remake(_near.Identity!, lists);
        using var again = await _near.DialAsync();
        Assert.Equal(TunnelFailure.CertificateRevoked, (await TunnelRelayTests.Next(_near.Failures)).Failure);
    }

    [Fact]
    public async Task A_gateway_that_is_somebody_else_gets_no_inner_handshake()
    {
        _near.Expected = [TestPki.Id("remote")];
        using var client = await _near.DialAsync();
        await ClosedAsync(client);
        Assert.Equal(TunnelFailure.WrongIdentity, (await TunnelRelayTests.Next(_near.Failures)).Failure);
        Assert.Empty(_far.ServerEnds);
    }

    [Fact]
    public async Task A_refusal_by_the_gateway_is_told_with_its_status()
    {
        _near.RejectWith = 503;
        using var client = await _near.DialAsync();
        await ClosedAsync(client);
        var failed = await TunnelRelayTests.Next(_near.Failures);
        Assert.Equal((TunnelFailure.Rejected, 503), (failed.Failure, failed.Status));
        Assert.Contains("gateway", failed.Detail, StringComparison.Ordinal);
        await EndedAsync();
    }

    [Fact]
    public async Task A_refusal_by_the_remote_proxy_is_told_with_its_status()
    {
        _near.Early = false;
        _far.RejectWith = 401;
        using var client = await _near.DialAsync();
        await ClosedAsync(client);
        var failed = await TunnelRelayTests.Next(_near.Failures);
        Assert.Equal((TunnelFailure.Rejected, 401), (failed.Failure, failed.Status));
        await EndedAsync();
    }

    [Fact]
    public async Task When_the_tunnel_to_the_gateway_is_cut_what_it_carries_ends_for_the_same_reason()
    {
        using var client = await _near.DialAsync();
        using var server = await _application.AcceptAsync().WaitAsync(Patience);
        await client.SendAsync("a"u8.ToArray());
        Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));
        await _near.OnClient(() =>
        {
            _near.Pool.CutDestination(_near.ServerAddress.ToIPAddress(), TunnelEndReason.PeerChanged);
            return 0;
        });
        await ClosedAsync(client);
        Assert.Equal(RelayEnd.PeerChanged, (await TunnelRelayTests.Next(_near.ClientResults)).End);
        await EndedAsync();
    }

    [Fact]
    public async Task A_hundred_connections_share_the_tunnel_to_the_gateway_but_none_inside_it()
    {
        _ = _application.EchoAsync();
        var talks = Enumerable.Range(0, 100).Select(async i =>
        {
            using var client = await _near.DialAsync();
            var text = RandomNumberGenerator.GetBytes(1000 + i);
            await client.SendAsync(text);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(text, await TestApplication.ReadToEndAsync(client));
        });
        await Task.WhenAll(talks).WaitAsync(Patience);
        Assert.InRange(await _near.OnClient(() => _near.Pool.Tunnels), 1, 2);
        Assert.Equal(100, _far.Requests.Select(request => request.Server).Distinct().Count());
        await EndedAsync();
        Assert.Equal(0, await _near.OnClient(() => _near.ClientLoop.Buffers.LentBytes));
    }

    private static async Task ClosedAsync(Socket client)
    {
        try
        {
            Assert.Empty(await TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset) { } // That is an end as well.
    }

    /// <summary>Both layers are gone everywhere, but for the pooled tunnel to the gateway.</summary>
    private async Task EndedAsync()
    {
        for (var i = 0; i < 1000; i++)
        {
            if (await _near.OnClient(() => _near.Pool.Nested) == 0 && _far.Servers.IsEmpty) return;
            await Task.Delay(10);
        }

        Assert.Fail($"{await _near.OnClient(() => _near.Pool.Nested)} inner tunnels and {_far.Servers.Count} remote ones never ended");
    }
}
