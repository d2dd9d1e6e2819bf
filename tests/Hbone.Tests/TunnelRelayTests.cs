using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Linux;

namespace Mesh.Hbone.Tests;

public sealed class TunnelRelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bytes_travel_both_ways_and_both_ends_close_in_order(bool early)
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.Early = early;
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        await client.SendAsync("hello"u8.ToArray());
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        Assert.Equal("hello"u8.ToArray(), await TestApplication.ReadAsync(server, 5).WaitAsync(Patience));
        await server.SendAsync("world!"u8.ToArray());
        Assert.Equal("world!"u8.ToArray(), await TestApplication.ReadAsync(client, 6).WaitAsync(Patience));
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await TestApplication.ReadToEndAsync(server).WaitAsync(Patience));
        server.Shutdown(SocketShutdown.Send);
        Assert.Empty(await TestApplication.ReadToEndAsync(client).WaitAsync(Patience));

        var result = await Next(mesh.ClientResults);
        Assert.Equal(new RelayResult(5, 6, RelayEnd.Closed, Errno.None, 200), result);
        Assert.Equal(new RelayResult(6, 5, RelayEnd.Closed, Errno.None, 200), await Next(mesh.ServerResults));
        var request = mesh.Requests.Single();
        Assert.Equal("client", request.Peer.Identity.ServiceAccount);
        Assert.Equal(application.Authority, request.Authority);
        Assert.Equal("k8s.namespace.name=here", request.Baggage);
        Assert.Equal("for=\"10.0.0.1:1\"", request.Forwarded);
    }

    [Fact]
    public async Task Megabytes_arrive_as_they_were_sent_in_both_directions_at_once()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        var up = RandomNumberGenerator.GetBytes(24 * 1024 * 1024 + 12345);
        var down = RandomNumberGenerator.GetBytes(17 * 1024 * 1024 + 1);
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        var sends = Task.WhenAll(SendAll(client, up), SendAll(server, down));
        var reads = await Task.WhenAll(TestApplication.ReadToEndAsync(client), TestApplication.ReadToEndAsync(server)).WaitAsync(Patience);
        await sends;
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(reads[0]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData(reads[1]));
        Assert.Equal(new RelayResult(up.Length, down.Length, RelayEnd.Closed, Errno.None, 200), await Next(mesh.ClientResults));
    }

    [Fact]
    public async Task A_half_closed_client_still_receives()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await TestApplication.ReadToEndAsync(server).WaitAsync(Patience));
        var data = RandomNumberGenerator.GetBytes(3_000_000);
        await SendAll(server, data);
        Assert.Equal(data, await TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_reset_application_resets_the_other_one()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        var server = await application.AcceptAsync().WaitAsync(Patience);
        await client.SendAsync("a"u8.ToArray());
        Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));
        server.LingerState = new LingerOption(true, 0);
        server.Dispose();
        var error = await Assert.ThrowsAsync<SocketException>(() => TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(RelayEnd.SecondReset, (await Next(mesh.ClientResults)).End);
        Assert.Equal(RelayEnd.FirstReset, (await Next(mesh.ServerResults)).End);
    }

    [Fact]
    public async Task A_thousand_connections_share_few_tunnels()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        _ = application.EchoAsync();
        mesh.Authority = application.Authority;
        var talks = Enumerable.Range(0, 1000).Select(async i =>
        {
            using var client = await mesh.DialAsync();
            var text = RandomNumberGenerator.GetBytes(100 + i);
            await client.SendAsync(text);
            Assert.Equal(text, await TestApplication.ReadAsync(client, text.Length));
            client.Shutdown(SocketShutdown.Send);
            Assert.Empty(await TestApplication.ReadToEndAsync(client));
        });
        await Task.WhenAll(talks).WaitAsync(Patience);
        Assert.Equal(1000, mesh.StreamsSeen);
        Assert.InRange(await mesh.OnClient(() => mesh.Pool.Tunnels), 1, 10);
    }

    [Fact]
    public async Task A_slow_reader_holds_up_its_own_stream_and_no_other()
    {
        await using var mesh = await TestMesh.StartAsync(new HboneOptions { StreamWindowBytes = 256 * 1024, ConnectionWindowBytes = 16 * 1024 * 1024 });
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var slowClient = await mesh.DialAsync();
        using var slowServer = await application.AcceptAsync().WaitAsync(Patience);
        using var stop = new CancellationTokenSource();
        var data = RandomNumberGenerator.GetBytes(32 * 1024 * 1024);
        var sending = SendAll(slowServer, data);
        await Task.Delay(300);
        Assert.False(sending.IsCompleted); // The window and the sockets are full, and nothing piles up beyond them.
        Assert.InRange(mesh.ClientLoop.Buffers.LentBytes, 0, 1024 * 1024);

        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        await client.SendAsync("quick"u8.ToArray());
        Assert.Equal("quick"u8.ToArray(), await TestApplication.ReadAsync(server, 5).WaitAsync(Patience));

        Assert.Equal(SHA256.HashData(data), SHA256.HashData(await TestApplication.ReadToEndAsync(slowClient).WaitAsync(Patience)));
        await sending;
    }

    [Fact]
    public async Task Buffers_go_back_to_the_pool_when_nothing_moves()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        _ = application.EchoAsync();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        var data = RandomNumberGenerator.GetBytes(8 * 1024 * 1024);
        var sending = SendAll(client, data, end: false);
        Assert.Equal(data, await TestApplication.ReadAsync(client, data.Length).WaitAsync(Patience));
        await sending;
        Assert.Equal(0, await mesh.OnClient(() => mesh.ClientLoop.Buffers.LentBytes));
        Assert.Equal(0, mesh.ServerLoop.Buffers.LentBytes);
    }

    internal static async Task SendAll(Socket socket, byte[] data, bool end = true)
    {
        for (var at = 0; at < data.Length;) at += await socket.SendAsync(data.AsMemory(at, Math.Min(256 * 1024, data.Length - at)));
        if (end) socket.Shutdown(SocketShutdown.Send);
    }

    internal static async Task<T> Next<T>(System.Collections.Concurrent.ConcurrentQueue<T> queue)
    {
        for (var i = 0; i < 1000; i++)
        {
            if (queue.TryDequeue(out var item)) return item;
            await Task.Delay(10);
        }
        throw new TimeoutException("Nothing came.");
    }
}
