using System.Net.Sockets;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Tests.Loops;

/// <summary>
/// Alone: a program that another test starts holds, between fork and exec, a copy of every descriptor, and with it a closed listener's
/// place at the port. What the kernel hands to that place is reset.
/// </summary>
[CollectionDefinition(nameof(SharedPortTests), DisableParallelization = true)]
[Collection(nameof(SharedPortTests))]
public sealed class SharedPortTests
{
    private static readonly SocketOptions Options = new();

    [Fact]
    public async Task Two_listeners_share_a_port_and_the_rest_serves_when_one_closes()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            var shared = Options with { ReusePort = true };
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), shared, acceptor, out var first));
            var at = first!.LocalAddress;
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, at, shared, acceptor, out var second));
            Assert.Equal(Errno.AddressInUse, LoopListener.TryListen(test.Loop, at, Options, acceptor, out _));
            first.Dispose();
            for (var i = 0; i < 100; i++)
            {
                var outcome = await LoopSocket.ConnectAsync(test.Loop, at, Options, TimeSpan.FromSeconds(5));
                Assert.Equal(Errno.None, outcome.Error);
                outcome.Socket!.Dispose();
                (await acceptor.NextAsync()).Dispose();
            }

            Assert.Equal(100, second!.Accepted);
        });
    }

    [Fact]
    public async Task Who_was_told_to_be_connected_is_served_though_the_listener_closes_before_it_was_accepted()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), Options, acceptor, out var listener));
            var at = listener!.LocalAddress;
            var clients = Enumerable.Range(0, 200).Select(_ => Dial(at)).ToList(); // All within one turn: the loop has accepted none.
            listener.Drain();
            Assert.Equal(clients.Count, listener.Accepted);
            foreach (var client in clients)
            {
                var server = await acceptor.NextAsync();
                Assert.Equal(Errno.None, server.TrySend("x"u8, out _));
                server.Dispose();
            }

            foreach (var client in clients)
            {
                using (client) Assert.Equal(1, await client.ReceiveAsync(new byte[8], SocketFlags.None));
            }

            Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => Dial(at)).SocketErrorCode);
        });
    }

    [Fact]
    public async Task A_listener_that_closes_takes_what_its_queue_can_hold_and_then_no_more()
    {
        await using var test = new TestLoop();
        await test.RunAsync(() =>
        {
            var acceptor = new DiallingAcceptor();
            var few = Options with { Backlog = 4 };
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), few, acceptor, out var listener));
            acceptor.Again = listener!.LocalAddress;
            using var first = Dial(acceptor.Again);
            listener.Drain();
            Assert.Equal(5, listener.Accepted);
            foreach (var client in acceptor.Clients) client.Dispose();
            return Task.CompletedTask;
        });
    }

    private static Socket Dial(InetEndpoint at)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(at.ToIPEndPoint());
        return socket;
    }

    /// <summary>Dials anew at each connection, so that the queue is never empty.</summary>
    private sealed class DiallingAcceptor : ILoopAcceptor
    {
        public List<Socket> Clients { get; } = [];

        public InetEndpoint Again { get; set; }

        public void OnAccepted(AcceptedSocket accepted)
        {
            Clients.Add(Dial(Again));
            accepted.Close();
        }
    }
}
