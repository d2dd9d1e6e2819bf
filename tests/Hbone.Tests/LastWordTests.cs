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
        var server = InetEndpoint.From(System.Net.IPEndPoint.Parse(application.Authority));
        var faults = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        var loop = EventLoop.Start(new EventLoopOptions { Name = "relay", OnFault = (_, fault) => faults.Enqueue(fault) });
        var acceptor = new Relaying(loop, server);
        var listener = await loop.InvokeAsync(() =>
        {
            Assert.Equal(Linux.Errno.None, LoopListener.TryListen(loop, InetEndpoint.LoopbackV4(0), new SocketOptions(), acceptor, out var open));
            return Task.FromResult(open!);
        });
        for (var i = 0; i < 20; i++)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await client.ConnectAsync(listener.LocalAddress.ToIPEndPoint());
            await AnswerAndBreakAsync(client, application);
            Assert.Equal(RelayEnd.SecondReset, (await TunnelRelayTests.Next(acceptor.Results)).End);
        }

        await loop.DisposeAsync();
        Assert.Empty(faults);
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

    private sealed class Relaying(EventLoop loop, InetEndpoint server) : ILoopAcceptor
    {
        public System.Collections.Concurrent.ConcurrentQueue<RelayResult> Results { get; } = new();

        public void OnAccepted(AcceptedSocket accepted) => _ = RelayAsync(accepted.AttachTo(loop));

        private async Task RelayAsync(LoopSocket client)
        {
            var dialled = await LoopSocket.ConnectAsync(loop, server, new SocketOptions(), Patience);
            Results.Enqueue(await new SocketRelay(client, dialled.Socket!).RunAsync());
        }
    }
}
