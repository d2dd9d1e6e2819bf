using System.Security.Cryptography;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Tests.Loops;

public sealed class LoopSocketTests
{
    private static readonly SocketOptions Options = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_arrive_whole_and_in_order_while_both_sides_block(bool v6)
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6);
            var data = new byte[8 * 1024 * 1024];
            new Random(5).NextBytes(data);
            var sending = SendAllAsync(client, data);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[100_000];
            while (true)
            {
                var error = server.TryReceive(buffer, out var received);
                if (error == Errno.WouldBlock) Assert.Equal(WaitOutcome.Ready, await server.ReadableAsync(TimeSpan.FromSeconds(10)));
                else if (received == 0) break;
                else hash.AppendData(buffer, 0, received);
            }

            await sending;
            Assert.Equal(SHA256.HashData(data), hash.GetHashAndReset());
            Assert.Equal(v6, server.PeerAddress.IsV6);
            Assert.Equal(client.LocalAddress, server.PeerAddress);
        });
        Assert.Empty(test.Faults);
    }

    [Fact]
    public async Task An_accepted_connection_has_its_listeners_options()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var options = new SocketOptions { KeepAlive = new KeepAlive(TimeSpan.FromSeconds(41), TimeSpan.FromSeconds(7), 5), UserTimeout = TimeSpan.FromSeconds(9), StaysOnMachine = true };
            var acceptor = new TestAcceptor(test.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), options, acceptor, out var listener));
            using var client = (await LoopSocket.ConnectAsync(test.Loop, listener!.LocalAddress, Options, TimeSpan.FromSeconds(5))).Socket;
            using var descriptor = (await acceptor.NextAsync()).Detach();
            using var accepted = new System.Net.Sockets.Socket(new System.Net.Sockets.SafeSocketHandle(descriptor.Release(), ownsHandle: true));

            int Read(System.Net.Sockets.SocketOptionLevel level, System.Net.Sockets.SocketOptionName name) => (int)accepted.GetSocketOption(level, name)!;
            Assert.True(accepted.NoDelay);
            Assert.NotEqual(0, Read(System.Net.Sockets.SocketOptionLevel.Socket, System.Net.Sockets.SocketOptionName.KeepAlive));
            Assert.Equal(41, Read(System.Net.Sockets.SocketOptionLevel.Tcp, System.Net.Sockets.SocketOptionName.TcpKeepAliveTime));
            Assert.Equal(7, Read(System.Net.Sockets.SocketOptionLevel.Tcp, System.Net.Sockets.SocketOptionName.TcpKeepAliveInterval));
            Assert.Equal(5, Read(System.Net.Sockets.SocketOptionLevel.Tcp, System.Net.Sockets.SocketOptionName.TcpKeepAliveRetryCount));
            var timeout = new byte[sizeof(int)];
            accepted.GetRawSocketOption(6, 18, timeout); // IPPROTO_TCP, TCP_USER_TIMEOUT: .NET has no names for it.
            Assert.Equal(9000, BitConverter.ToInt32(timeout));
            var congestion = new byte[16];
            accepted.GetRawSocketOption(6, 13, congestion); // TCP_CONGESTION.
            Assert.StartsWith("reno\0", System.Text.Encoding.ASCII.GetString(congestion), StringComparison.Ordinal);
            listener.Dispose();
        });
    }

    [Fact]
    public async Task A_connection_whose_begin_fails_by_a_bug_does_not_close_the_port_for_others()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), Options, new FirstFails(acceptor), out var listener));
            using var first = (await LoopSocket.ConnectAsync(test.Loop, listener!.LocalAddress, Options, TimeSpan.FromSeconds(5))).Socket;
            using var second = (await LoopSocket.ConnectAsync(test.Loop, listener.LocalAddress, Options, TimeSpan.FromSeconds(5))).Socket;
            (await acceptor.NextAsync()).Dispose();
            listener.Dispose();
        });
        Assert.Single(test.Faults);
    }

    private sealed class FirstFails(ILoopAcceptor then) : ILoopAcceptor
    {
        private bool _isBroken;

        public void OnAccepted(AcceptedSocket accepted)
        {
            if (_isBroken)
            {
                then.OnAccepted(accepted);
                return;
            }

            _isBroken = true;
            accepted.Close();
            throw new InvalidOperationException("a bug");
        }
    }

    [Fact]
    public async Task Vectored_calls_scatter_and_gather_in_order()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6: false);
            Assert.Equal((Errno.None, 11), SendPieces(client, test.Loop));
            await Task.Delay(TimeSpan.FromMilliseconds(20), test.Loop.Time);
            Assert.Equal("hello world", ReceivePieces(server, test.Loop));
        });
    }

    [Fact]
    public async Task A_crowd_at_a_listener_leaves_others_their_turns()
    {
        const int crowd = 1000;
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), Options, acceptor, out var listener));
            var clients = new List<System.Net.Sockets.Socket>();
            for (var i = 0; i < crowd; i++)
            {
                clients.Add(new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp));
                clients[i].Connect(listener!.LocalAddress.ToIPEndPoint()); // This is the loop's thread: nobody accepts meanwhile.
            }

            var before = test.Loop.Statistics.Turns;
            for (var i = 0; i < crowd; i++) (await acceptor.NextAsync()).Dispose();
            Assert.InRange(test.Loop.Statistics.Turns - before, crowd / 64, crowd);
            foreach (var client in clients) client.Dispose();
            listener!.Dispose();
        });
    }

    [Fact]
    public async Task The_last_bytes_carry_the_end_when_it_is_announced()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6: false);
            var before = SegmentsIn(server);
            Send(client, test.Loop);
            Assert.Equal(Errno.None, client.ShutdownSend());
            Assert.Equal("bye", await ReadToEndAsync(server));
            Assert.Equal(before + 1, SegmentsIn(server));
        });

        static void Send(LoopSocket socket, EventLoop loop)
        {
            "bye"u8.CopyTo(loop.SendScratch);
            var slices = new IoSliceList(stackalloc IoSlice[1]);
            slices.TryAdd(loop.SendScratch[..3]);
            Assert.Equal(Errno.None, socket.TrySendVector(ref slices, out var sent, moreFollows: true));
            Assert.Equal(3, sent);
        }

        // TCP_INFO, tcpi_segs_in.
        static int SegmentsIn(LoopSocket socket)
        {
            using var copy = socket.DuplicateDescriptor();
            using var named = new System.Net.Sockets.Socket(new System.Net.Sockets.SafeSocketHandle(copy.Release(), ownsHandle: true));
            var info = new byte[256];
            named.GetRawSocketOption(6, 11, info);
            return BitConverter.ToInt32(info, 140);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dial_within_the_machine_succeeds_or_fails_like_any_other(bool v6)
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var within = new SocketOptions { StaysOnMachine = true };
            var acceptor = new TestAcceptor(test.Loop);
            var any = v6 ? InetEndpoint.LoopbackV6(0) : InetEndpoint.LoopbackV4(0);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, any, Options, acceptor, out var listener));
            var at = listener!.LocalAddress;
            var client = (await LoopSocket.ConnectAsync(test.Loop, at, within, TimeSpan.FromSeconds(5))).Socket!;
            var server = await acceptor.NextAsync();
            Assert.Equal(Errno.None, client.TrySend("well"u8, out _));
            client.Dispose();
            Assert.Equal("well", await ReadToEndAsync(server));
            listener.Dispose();
            Assert.Equal(new ConnectOutcome(Errno.ConnectionRefused, null), await LoopSocket.ConnectAsync(test.Loop, at, within, TimeSpan.FromSeconds(5)));
        });
    }

    [Fact]
    public async Task A_refused_dial_says_so_and_a_silent_one_times_out()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var refused = await LoopSocket.ConnectAsync(test.Loop, InetEndpoint.LoopbackV4(1), Options, TimeSpan.FromSeconds(5));
            Assert.Equal(new ConnectOutcome(Errno.ConnectionRefused, null), refused);

            // A listener whose queue is full swallows the next connection requests without a word.
            using var full = new System.Net.Sockets.Socket(
                System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            full.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
            full.Listen(0);
            var at = InetEndpoint.From((System.Net.IPEndPoint)full.LocalEndPoint!);
            var last = default(ConnectOutcome);
            for (var i = 0; i < 4 && last.Error == Errno.None; i++)
            {
                last = await LoopSocket.ConnectAsync(test.Loop, at, Options, TimeSpan.FromMilliseconds(150));
            }

            Assert.Equal(Errno.TimedOut, last.Error);
        });
    }

    [Fact]
    public async Task A_half_closed_connection_still_carries_the_other_direction()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6: false);
            client.TrySend("question"u8, out _);
            Assert.Equal(Errno.None, client.ShutdownSend());
            Assert.Equal("question", await ReadToEndAsync(server));
            server.TrySend("answer"u8, out _);
            server.ShutdownSend();
            Assert.Equal("answer", await ReadToEndAsync(client));
        });
    }

    [Fact]
    public async Task A_reset_reaches_the_peer_as_a_reset()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6: false);
            client.Reset();
            var buffer = new byte[8];
            Errno error;
            while ((error = server.TryReceive(buffer, out _)) == Errno.WouldBlock) await server.ReadableAsync();
            Assert.Equal(Errno.ConnectionReset, error);
            Assert.Equal(Errno.BadDescriptor, client.TrySend("x"u8, out _));
        });
    }

    [Fact]
    public async Task A_wait_times_out_and_the_socket_is_usable_afterwards()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, server) = await ConnectAsync(test.Loop, v6: false);
            Assert.Equal(Errno.WouldBlock, server.TryReceive(new byte[8], out _));
            Assert.Equal(WaitOutcome.TimedOut, await server.ReadableAsync(TimeSpan.FromMilliseconds(20)));
            client.TrySend("late"u8, out _);
            Assert.Equal(WaitOutcome.Ready, await server.ReadableAsync(TimeSpan.FromSeconds(5)));
            client.Dispose();
            Assert.Equal("late", await ReadToEndAsync(server));
            Assert.Equal(WaitOutcome.Closed, await client.ReadableAsync());
        });
    }

    [Fact]
    public async Task A_dual_stack_listener_shows_IPv4_peers_as_IPv4()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.AnyV6(0), Options, acceptor, out var listener));
            var to = InetEndpoint.LoopbackV4(listener!.LocalAddress.Port);
            var client = (await LoopSocket.ConnectAsync(test.Loop, to, Options, TimeSpan.FromSeconds(5))).Socket!;
            var server = await acceptor.NextAsync();
            Assert.False(server.PeerAddress.IsV6);
            Assert.Equal(client.LocalAddress, server.PeerAddress);
            Assert.Equal(to, server.LocalAddress);
            Assert.Equal(Errno.NotFound, server.TryGetOriginalDestination(out _));
        });
    }

    [Fact]
    public async Task Splice_moves_bytes_between_sockets_without_losing_any()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (client, inner) = await ConnectAsync(test.Loop, v6: false);
            var (outer, server) = await ConnectAsync(test.Loop, v6: true);
            var data = new byte[5_000_000];
            new Random(9).NextBytes(data);
            var sending = SendAllAsync(client, data);
            var relaying = SpliceAsync(test.Loop, inner, outer);
            using var copy = new MemoryStream();
            var buffer = new byte[64 * 1024];
            while (true)
            {
                var error = server.TryReceive(buffer, out var received);
                if (error == Errno.WouldBlock) await server.ReadableAsync();
                else if (received == 0) break;
                else copy.Write(buffer, 0, received);
            }

            await sending;
            await relaying;
            Assert.True(copy.GetBuffer().AsSpan(0, (int)copy.Length).SequenceEqual(data));
        });
    }

    [Fact]
    public async Task Datagrams_keep_their_bounds_and_their_sender()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(test.Loop, InetEndpoint.LoopbackV4(0), Options, out var left));
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(test.Loop, InetEndpoint.LoopbackV4(0), Options, out var right));
            Assert.Equal(Errno.None, left!.TrySendTo("one"u8, right!.LocalAddress));
            Assert.Equal(Errno.None, left.TrySendTo("three"u8, right.LocalAddress));
            await Task.Delay(TimeSpan.FromMilliseconds(10), test.Loop.Time);
            var buffer = new byte[4];
            Assert.Equal(Errno.None, right.TryReceiveFrom(buffer, out var first, out var from));
            Assert.Equal((3, left.LocalAddress), (first, from));
            Assert.Equal(Errno.None, right.TryReceiveFrom(buffer, out var second, out _));
            Assert.Equal(5, second); // Longer than the buffer: cut, and said so.
            Assert.Equal(Errno.WouldBlock, right.TryReceiveFrom(buffer, out _, out _));
        });
    }

    [Fact]
    public async Task Descriptors_travel_with_packets_and_none_leaks()
    {
        await using var test = new TestLoop();
        await test.RunAsync(() =>
        {
            var (left, right) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Packets);
            var before = SafeFileDescriptor.CountOpen();
            for (var i = 0; i < 200; i++)
            {
                using var file = new SafeFileDescriptor(Interop.Libc.eventfd(0, Interop.Libc.EFD_CLOEXEC));
                Assert.Equal(Errno.None, left.TrySendPacket("with"u8, file));
                Assert.Equal(Errno.None, left.TrySendPacket("without"u8));
                var buffer = new byte[64];
                Assert.Equal(Errno.None, right.TryReceivePacket(buffer, out var packet));
                Assert.Equal(4, packet.Bytes);
                Assert.Single(packet.Descriptors);
                Assert.NotEqual(file.Number, packet.Descriptors[0].Number);
                packet.DisposeDescriptors();
                Assert.Equal(Errno.None, right.TryReceivePacket(buffer.AsSpan(0, 3), out packet));
                Assert.True(packet.IsTruncated);
                Assert.Empty(packet.Descriptors);
            }

            // Tests beside this one open descriptors too; a leak here would be two hundred.
            Assert.InRange(SafeFileDescriptor.CountOpen() - before, -100, 100);
            Assert.Equal(Errno.None, left.TryGetPeerCredentials(out var peer));
            Assert.Equal(Environment.ProcessId, peer.ProcessId);
            left.Dispose();
            Assert.Equal(Errno.None, right.TryReceivePacket(new byte[8], out var end));
            Assert.Equal(0, end.Bytes);
            return Task.CompletedTask;
        });
    }

    private static async Task<(LoopSocket Client, LoopSocket Server)> ConnectAsync(EventLoop loop, bool v6)
    {
        var acceptor = new TestAcceptor(loop);
        var at = v6 ? InetEndpoint.LoopbackV6(0) : InetEndpoint.LoopbackV4(0);
        Assert.Equal(Errno.None, LoopListener.TryListen(loop, at, Options, acceptor, out var listener));
        var outcome = await LoopSocket.ConnectAsync(loop, listener!.LocalAddress, Options, TimeSpan.FromSeconds(5));
        Assert.Equal(Errno.None, outcome.Error);
        var server = await acceptor.NextAsync();
        listener.Dispose();
        return (outcome.Socket!, server);
    }

    private static async Task SendAllAsync(LoopSocket socket, byte[] data)
    {
        var at = 0;
        while (at < data.Length)
        {
            var error = socket.TrySend(data.AsSpan(at), out var sent);
            at += sent;
            if (error == Errno.WouldBlock) await socket.WritableAsync(TimeSpan.FromSeconds(10));
            else Assert.Equal(Errno.None, error);
        }

        socket.ShutdownSend();
    }

    private static async Task SpliceAsync(EventLoop loop, LoopSocket from, LoopSocket to)
    {
        var pipe = loop.Pipes.TryRent()!;
        while (true)
        {
            if (pipe.Pending == 0)
            {
                var error = pipe.TryFill(from, out var moved);
                if (error == Errno.WouldBlock) await from.ReadableAsync();
                else if (moved == 0) break;
            }

            if (pipe.TryDrain(to, out _) == Errno.WouldBlock) await to.WritableAsync();
        }

        to.ShutdownSend();
        loop.Pipes.Return(pipe);
    }

    private static async Task<string> ReadToEndAsync(LoopSocket socket)
    {
        using var text = new MemoryStream();
        var buffer = new byte[64];
        while (true)
        {
            var error = socket.TryReceive(buffer, out var received);
            if (error == Errno.WouldBlock) await socket.ReadableAsync(TimeSpan.FromSeconds(5));
            else if (received == 0) return System.Text.Encoding.UTF8.GetString(text.ToArray());
            else text.Write(buffer, 0, received);
        }
    }

    private static (Errno Error, int Sent) SendPieces(LoopSocket socket, EventLoop loop)
    {
        var scratch = loop.SendScratch;
        "hello "u8.CopyTo(scratch);
        "wor"u8.CopyTo(scratch[100..]);
        "ld"u8.CopyTo(scratch[103..]);
        var slices = new IoSliceList(stackalloc IoSlice[2]);
        Assert.True(slices.TryAdd(scratch[..6]));
        Assert.True(slices.TryAdd(scratch[100..103]));
        Assert.True(slices.TryAdd(scratch[103..105])); // Joins its neighbour.
        Assert.False(slices.TryAdd(scratch[200..201]));
        var error = socket.TrySendVector(ref slices, out var sent);
        Assert.Equal(0, slices.Count);
        return (error, sent);
    }

    private static string ReceivePieces(LoopSocket socket, EventLoop loop)
    {
        var scratch = loop.ReceiveScratch;
        var slices = new IoSliceList(stackalloc IoSlice[2]);
        slices.TryAdd(scratch[..4]);
        slices.TryAdd(scratch[1000..1100]);
        Assert.Equal(Errno.None, socket.TryReceiveVector(ref slices, out var received));
        return System.Text.Encoding.UTF8.GetString(scratch[..4]) + System.Text.Encoding.UTF8.GetString(scratch[1000..(1000 + received - 4)]);
    }
}
