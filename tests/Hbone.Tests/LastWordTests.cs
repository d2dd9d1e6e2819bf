using System.Net.Sockets;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tests;

/// <summary>A server that answers and closes while its client still sends (HTTP's 413): the kernel makes that bytes with a reset behind them.</summary>
public sealed class LastWordTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] Answer = [.. "HTTP/1.1 413 Content Too Large\r\n\r\n"u8];

    [Fact]
    public async Task An_answer_that_came_before_the_server_broke_reaches_the_client_through_a_tunnel()
    {
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        for (var i = 0; i < 20; i++)
        {
            using var client = await mesh.DialAsync();
            await AnswerAndBreakAsync(client, application);
            Assert.Equal(RelayEnd.FirstReset, (await TunnelRelayTests.Next(mesh.ServerResults)).End);
        }
    }

    [Fact]
    public async Task An_answer_that_came_before_the_server_broke_reaches_the_client_in_plaintext()
    {
        using var application = new TestApplication();
        await using var relays = await Relays.StartAsync(application);
        for (var i = 0; i < 20; i++)
        {
            using var client = await relays.DialAsync();
            await AnswerAndBreakAsync(client, application);
            Assert.Equal(RelayEnd.SecondReset, (await TunnelRelayTests.Next(relays.Results)).End);
        }
    }

    [Fact]
    public async Task An_answer_that_was_cut_short_in_plaintext_ends_with_a_reset_and_not_as_if_it_were_whole()
    {
        using var application = new TestApplication();
        await using var relays = await Relays.StartAsync(application);
        var cutShort = 0;
        for (var i = 0; i < 50; i++)
        {
            using var client = await relays.DialAsync();
            using var server = await application.AcceptAsync().WaitAsync(Patience);
            var trickle = Task.Run(async () =>
            {
                try
                {
                    for (var sent = 0; sent < 200 && server.Connected; sent++) await client.SendAsync(new byte[1]);
                    return true;
                }
                catch (SocketException)
                {
                    return false; // It met the reset, and took it away from who reads.
                }
            });
            Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));
            await server.SendAsync(Answer);
            while (server.Available == 0 && !trickle.IsCompleted) await Task.Yield();
            var unread = server.Available > 0;
            server.Dispose();
            var isReadersToMeet = await trickle.WaitAsync(Patience);
            Assert.Equal(Answer, await TestApplication.ReadAsync(client, Answer.Length).WaitAsync(Patience));
            if (!unread || !isReadersToMeet) continue;
            await Assert.ThrowsAsync<SocketException>(() => TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
            cutShort++;
        }

        Assert.NotEqual(0, cutShort);
    }

    [Fact]
    public async Task A_relay_ends_when_its_application_breaks_after_the_stream_is_gone()
    {
        await using var mesh = await TestMesh.StartAsync(new HboneOptions { StreamWindowBytes = 256 * 1024 });
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        var sending = KeepSendingAsync(client);
        await UntilAsync(() => mesh.ServerLoop.Buffers.LentBytes > 64 * 1024); // The application reads nothing, and bytes wait for it.
        await mesh.OnClient(() => { mesh.Pool.CutDestination(System.Net.IPAddress.Loopback, TunnelEndReason.PeerChanged); return 0; });
        await TunnelRelayTests.Next(mesh.ServerEnds);
        Assert.Empty(mesh.ServerResults); // What waits may still be taken.

        server.LingerState = new LingerOption(true, 0);
        server.Dispose();
        Assert.NotEqual(RelayEnd.Closed, (await TunnelRelayTests.Next(mesh.ServerResults)).End);
        Assert.Equal(0, mesh.ServerLoop.Buffers.LentBytes);
        await sending.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nobody_who_reads_nothing_can_keep_a_relay_whose_server_broke(bool tunnelled)
    {
        await using var mesh = await TestMesh.StartAsync(new HboneOptions { StreamWindowBytes = 256 * 1024 });
        using var application = new TestApplication();
        await using var relays = await Relays.StartAsync(application);
        mesh.Authority = application.Authority;
        using var client = tunnelled ? await mesh.DialAsync() : await relays.DialAsync();
        await client.SendAsync(new byte[100]);
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        server.Blocking = false;
        for (var stuck = 0; stuck < 20; await Task.Delay(20))
        {
            _ = server.Send(new byte[1 << 20], SocketFlags.None, out var error);
            stuck = error == SocketError.WouldBlock ? stuck + 1 : 0;
        }

        server.Dispose(); // With the client's bytes unread, and more of its own on the way than the client will ever take.
        await client.SendAsync(new byte[100]);
        var results = tunnelled ? mesh.ServerResults : relays.Results;
        await UntilAsync(() => !results.IsEmpty);
        Assert.NotEqual(RelayEnd.Closed, results.Single().End);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition()) await Task.Delay(20, limit.Token);
    }

    /// <summary>The client reads the whole answer, and then that the connection broke.</summary>
    private static async Task AnswerAndBreakAsync(Socket client, TestApplication application)
    {
        using var server = await application.AcceptAsync().WaitAsync(Patience);
        var sending = KeepSendingAsync(client);
        Assert.Single(await TestApplication.ReadAsync(server, 1).WaitAsync(Patience));
        await server.SendAsync(Answer);
        server.Dispose(); // With the client's bytes unread.
        Assert.Equal(Answer, await TestApplication.ReadAsync(client, Answer.Length).WaitAsync(Patience));
        await sending.WaitAsync(Patience);
    }

    private static async Task KeepSendingAsync(Socket client)
    {
        var bytes = new byte[64 * 1024];
        try
        {
            while (true) await client.SendAsync(bytes);
        }
        catch (SocketException) { } // The server broke, as it should.
    }

    /// <summary>A listener whose connections are relayed to the application as they come, without a tunnel.</summary>
    private sealed class Relays(EventLoop loop, InetEndpoint server, List<Exception> faults) : ILoopAcceptor, IAsyncDisposable
    {
        private InetEndpoint entry;

        public System.Collections.Concurrent.ConcurrentQueue<RelayResult> Results { get; } = new();

        public static async Task<Relays> StartAsync(TestApplication application)
        {
            var faults = new List<Exception>();
            var loop = EventLoop.Start(new EventLoopOptions { Name = "relay", OnFault = (_, fault) => faults.Add(fault) });
            var relays = new Relays(loop, InetEndpoint.From(System.Net.IPEndPoint.Parse(application.Authority)), faults);
            relays.entry = await loop.InvokeAsync(() =>
            {
                Assert.Equal(Linux.Errno.None, LoopListener.TryListen(loop, InetEndpoint.LoopbackV4(0), new SocketOptions(), relays, out var open));
                return Task.FromResult(open!.LocalAddress);
            });
            return relays;
        }

        public async Task<Socket> DialAsync()
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await client.ConnectAsync(entry.ToIPEndPoint());
            return client;
        }

        public void OnAccepted(AcceptedSocket accepted) => _ = RelayAsync(accepted.AttachTo(loop));

        public async ValueTask DisposeAsync()
        {
            await loop.DisposeAsync();
            Assert.Empty(faults);
        }

        private async Task RelayAsync(LoopSocket client)
        {
            var dialled = await LoopSocket.ConnectAsync(loop, server, new SocketOptions(), Patience);
            Results.Enqueue(await new SocketRelay(client, dialled.Socket!).RunAsync());
        }
    }
}
