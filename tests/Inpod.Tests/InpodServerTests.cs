using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Inpod.Tests;

/// <summary>Alone, for open descriptors are counted by process.</summary>
[CollectionDefinition(nameof(InpodServerTests), DisableParallelization = true)]
[Collection(nameof(InpodServerTests))]
public sealed class InpodServerTests
{
    private static readonly PodInfo Info = new("web", "shop", "default");
    private static readonly TimeSpan NoWait = TimeSpan.Zero;

    [Fact]
    public async Task A_new_ztunnel_gets_the_whole_picture_first()
    {
        await using var node = await TestNode.StartAsync();
        node.Pods.Add(new InpodPod("a", Info, TestNode.OwnNamespace()));
        node.Pods.Add(new InpodPod("b", Info, Namespace: null));
        var (_, snapshot) = await node.ConnectAsync();
        var added = Assert.IsType<InpodEvent.Add>(snapshot[0]);
        Assert.Equal(("a", Info), (added.Uid, added.Info));
        Assert.Equal(node.Pods[0].Namespace!.Identity, added.Namespace.Identity);
        Assert.Equal(new InpodEvent.Keep("b"), snapshot[1]);
        Assert.IsType<InpodEvent.SnapshotSent>(snapshot[2]);
        Assert.Equal(1, node.Live);
    }

    [Fact]
    public async Task An_added_pod_is_acked_or_refused_as_ztunnel_says()
    {
        await using var node = await TestNode.StartAsync();
        using var inside = TestNode.OwnNamespace();
        Assert.Equal(InpodOutcome.NotConnected, await node.Server.AddAsync("a", Info, inside, NoWait));
        var (connection, _) = await node.ConnectAsync();

        var adding = node.Server.AddAsync("a", Info, inside, NoWait);
        await AnswerAsync(node, connection, null);
        Assert.Equal(InpodOutcome.Acked, await adding);

        adding = node.Server.AddAsync("b", Info, inside, NoWait);
        await AnswerAsync(node, connection, "port 15008 is taken");
        Assert.Equal(new InpodOutcome(InpodResult.Refused, "port 15008 is taken"), await adding);

        var deleting = node.Server.DeleteAsync("a");
        Assert.Equal(new InpodEvent.Delete("a"), await AnswerAsync(node, connection, null));
        Assert.True((await deleting).IsAcked);
    }

    [Fact]
    public async Task Adding_waits_a_while_for_a_ztunnel_that_is_about_to_connect()
    {
        await using var node = await TestNode.StartAsync();
        using var inside = TestNode.OwnNamespace();
        var adding = node.Server.AddAsync("a", Info, inside, TimeSpan.FromSeconds(10));
        var (connection, _) = await node.ConnectAsync();
        await AnswerAsync(node, connection, null);
        Assert.True((await adding).IsAcked);
        Assert.Equal(InpodResult.NotConnected, (await (await TestNode.StartAsync()).Server.AddAsync("a", Info, inside, TimeSpan.FromMilliseconds(20))).Result);
    }

    [Fact]
    public async Task The_newest_ztunnel_decides_and_the_older_one_learns_every_pod()
    {
        await using var node = await TestNode.StartAsync();
        using var inside = TestNode.OwnNamespace();
        var (older, _) = await node.ConnectAsync();
        var (newer, _) = await node.ConnectAsync();
        var adding = node.Server.AddAsync("a", Info, inside, NoWait);
        await AnswerAsync(node, newer, null);
        Assert.True((await adding).IsAcked); // Though the older one has said nothing yet.
        Assert.IsType<InpodEvent.Add>(await AnswerAsync(node, older, null));

        var second = node.Server.AddAsync("b", Info, inside, NoWait);
        await AnswerAsync(node, older, null);
        await node.RunAsync(() =>
        {
            newer.Dispose();
            return Task.CompletedTask;
        });
        Assert.True((await second).IsAcked); // The newest was lost, the older one serves on.
        Assert.Equal(1, node.Live);
    }

    [Fact]
    public async Task A_refusal_inside_the_snapshot_is_reported_and_the_rest_goes_on()
    {
        await using var node = await TestNode.StartAsync();
        node.Pods.Add(new InpodPod("a", Info, Namespace: null));
        node.Pods.Add(new InpodPod("b", Info, Namespace: null));
        var (_, snapshot) = await node.ConnectAsync(e => e is InpodEvent.Keep { Uid: "a" } ? "cannot start" : null);
        Assert.Equal(3, snapshot.Count);
        Assert.Equal(["a: cannot start"], node.Refused);
    }

    [Fact]
    public async Task A_slow_answer_closes_the_connection_so_that_no_late_one_is_mistaken()
    {
        await using var node = await TestNode.StartAsync(o => o with { RequestTimeout = TimeSpan.FromMilliseconds(50) });
        using var inside = TestNode.OwnNamespace();
        var (connection, _) = await node.ConnectAsync();
        var outcome = await node.Server.AddAsync("a", Info, inside, NoWait);
        Assert.Equal(InpodResult.Lost, outcome.Result);
        Assert.Equal(0, node.Live);
        Assert.IsType<InpodEvent.Add>(await node.RunAsync(() => connection.NextAsync(CancellationToken.None)));
        Assert.False(await node.RunAsync(() => Task.FromResult(connection.TryReply(null))));
        Assert.IsType<InpodEvent.Closed>(await node.RunAsync(() => connection.NextAsync(CancellationToken.None)));
    }

    [Theory]
    [InlineData("0802", "hello names version 2")]
    [InlineData("FF", "hello names version 0")]
    public async Task A_wrong_hello_ends_the_connection(string hello, string why)
    {
        await using var node = await TestNode.StartAsync();
        await node.RunAsync(async () =>
        {
            Assert.Equal(Errno.None, LoopSocket.TryConnectUnix(node.Loop, node.Path, UnixSocketKind.Packets, out var socket));
            socket!.TrySendPacket(Convert.FromHexString(hello));
            await ExpectEndAsync(socket);
        });
        Assert.Contains(why, Assert.Single(node.Lost), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_stranger_is_dropped_and_something_unasked_for_ends_a_connection()
    {
        await using var node = await TestNode.StartAsync(o => o with { HelloTimeout = TimeSpan.FromMilliseconds(50) });
        await node.RunAsync(async () =>
        {
            LoopSocket.TryConnectUnix(node.Loop, node.Path, UnixSocketKind.Packets, out var silent);
            await ExpectEndAsync(silent!);
            LoopSocket.TryConnectUnix(node.Loop, node.Path, UnixSocketKind.Packets, out var chatty);
            chatty!.TrySendPacket(InpodWire.Hello);
            var packet = new byte[64];
            while (chatty.TryReceivePacket(packet, out _) == Errno.WouldBlock) await chatty.ReadableAsync();
            chatty.TrySendPacket([0x0A, 0x00]);
            chatty.TrySendPacket([0x0A, 0x00]);
            await ExpectEndAsync(chatty);
        });
        Assert.Equal(2, node.Lost.Count);
        Assert.Contains("unasked", node.Lost[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousands_of_pods_come_and_go_without_a_leaked_descriptor()
    {
        await using var node = await TestNode.StartAsync();
        using var inside = TestNode.OwnNamespace();
        var (connection, _) = await node.ConnectAsync();
        var serving = node.Loop.InvokeAsync(async () =>
        {
            while (await connection.NextAsync(CancellationToken.None) is not InpodEvent.Closed and var next)
            {
                if (next is InpodEvent.Add add) add.Namespace.Dispose();
                connection.TryReply(null);
            }
        });
        await node.Server.AddAsync("warm", Info, inside, NoWait);
        var before = SafeFileDescriptor.CountOpen();
        for (var i = 0; i < 3_000; i++)
        {
            Assert.True((await node.Server.AddAsync($"pod-{i}", Info, inside, NoWait)).IsAcked);
            Assert.True((await node.Server.DeleteAsync($"pod-{i}")).IsAcked);
        }

        Assert.Equal(before, SafeFileDescriptor.CountOpen());
        await node.Server.DisposeAsync();
        await serving.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_full_queue_refuses_instead_of_growing()
    {
        await using var node = await TestNode.StartAsync(o => o with { QueueMax = 3 });
        using var inside = TestNode.OwnNamespace();
        await node.ConnectAsync();
        var asked = Enumerable.Range(0, 6).Select(i => node.Server.AddAsync($"p{i}", Info, inside, NoWait)).ToArray();
        var first = await Task.WhenAny(asked);
        Assert.Contains("wait for this ztunnel already", (await first).Error, StringComparison.Ordinal);
        await node.Server.DisposeAsync();
        Assert.All(await Task.WhenAll(asked), o => Assert.Equal(InpodResult.Lost, o.Result));
    }

    [Fact]
    public async Task The_client_redials_until_the_agent_is_there()
    {
        await using var node = await TestNode.StartAsync();
        var path = node.Path + ".later";
        var connecting = node.Loop.InvokeAsync(() => new InpodClient(node.Loop, path).ConnectAsync(CancellationToken.None));
        await Task.Delay(100);
        Assert.False(connecting.IsCompleted);
        await using var server = await InpodServer.StartAsync(node.Loop, new InpodServerOptions { Path = path }, node);
        var connection = await connecting.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.IsType<InpodEvent.SnapshotSent>(await node.RunAsync(() => connection.NextAsync(CancellationToken.None)));
    }

    [Fact]
    public async Task Why_the_agent_cannot_be_reached_is_told_once_and_not_at_every_try()
    {
        await using var node = await TestNode.StartAsync();
        var path = node.Path + ".later";
        var told = new List<string>();
        var first = new TaskCompletionSource();
        var connecting = node.RunAsync(async () =>
        {
            var client = new InpodClient(node.Loop, path)
            {
                OnFailure = problem =>
                {
                    told.Add(problem);
                    first.TrySetResult();
                },
            };
            (await client.ConnectAsync(CancellationToken.None)).Dispose();
            return await client.ConnectAsync(CancellationToken.None);
        });
        await first.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Task.Delay(200); // Some more tries: after 20, 40 and 80 ms.
        await using var server = await InpodServer.StartAsync(node.Loop, new InpodServerOptions { Path = path }, node);
        await connecting;
        Assert.Equal([$"cannot reach the node agent at {path}: NotFound"], told);
    }

    [Fact]
    public async Task An_agent_that_accepts_and_closes_at_once_is_redialled_ever_less_often()
    {
        await using var node = await TestNode.StartAsync();
        await node.RunAsync(async () =>
        {
            var path = node.Path + ".closing";
            var acceptor = new ClosingAcceptor();
            LoopListener.TryListenUnix(node.Loop, path, UnixSocketKind.Packets, UnixFileMode.UserRead | UnixFileMode.UserWrite, acceptor, out var listener);
            var client = new InpodClient(node.Loop, path);
            var started = System.Diagnostics.Stopwatch.StartNew();
            for (var i = 0; i < 6; i++)
            {
                using var connection = await client.ConnectAsync(CancellationToken.None);
                Assert.IsType<InpodEvent.Closed>(await connection.NextAsync(CancellationToken.None));
            }

            Assert.True(started.Elapsed > TimeSpan.FromMilliseconds(600), $"six times within {started.Elapsed}"); // At once, then after 20, 40, 80, 160 and 320 ms.
            listener!.Dispose();
        });
    }

    [Fact]
    public async Task Waiting_for_an_event_ends_when_told_to_stop()
    {
        await using var node = await TestNode.StartAsync();
        var (connection, _) = await node.ConnectAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.RunAsync(() => connection.NextAsync(stop.Token)));
    }

    [Fact]
    public async Task The_client_refuses_a_request_it_cannot_take_and_says_why()
    {
        await using var node = await TestNode.StartAsync();
        await node.RunAsync(async () =>
        {
            foreach (var (packet, why) in new[] { ("0A030A0161", "without workload info"), ("0A050A01611200", "0 descriptors"), ("FFFF", "decoded") })
            {
                var acceptor = new OneConnection(node.Loop);
                var path = node.Path + ".script";
                LoopListener.TryListenUnix(node.Loop, path, UnixSocketKind.Packets, UnixFileMode.UserRead | UnixFileMode.UserWrite, acceptor, out var listener);
                var connection = await new InpodClient(node.Loop, path).ConnectAsync(CancellationToken.None);
                var agent = await acceptor.Accepted;
                agent.TrySendPacket(Convert.FromHexString(packet));
                Assert.Contains(why, Assert.IsType<InpodEvent.Closed>(await connection.NextAsync(CancellationToken.None)).Why, StringComparison.Ordinal);
                var buffer = new byte[InpodWire.PacketBytesMax];
                agent.TryReceivePacket(buffer, out var hello);
                Assert.Equal(2, hello.Bytes);
                Assert.Equal(Errno.None, agent.TryReceivePacket(buffer, out var ack));
                Assert.True(InpodWire.TryReadAck(buffer.AsSpan(0, ack.Bytes), out var error));
                Assert.Contains(why, error, StringComparison.Ordinal);
                listener!.Dispose();
            }
        });
    }

    private static Task<InpodEvent> AnswerAsync(TestNode node, InpodConnection connection, string? error) => node.RunAsync(async () =>
    {
        var next = await connection.NextAsync(CancellationToken.None);
        if (next is InpodEvent.Add add) add.Namespace.Dispose();
        connection.TryReply(error);
        return next;
    });

    private static async Task ExpectEndAsync(LoopSocket socket)
    {
        var packet = new byte[64];
        while (true)
        {
            var error = socket.TryReceivePacket(packet, out var received);
            if (error == Errno.WouldBlock) Assert.Equal(WaitOutcome.Ready, await socket.ReadableAsync(TimeSpan.FromSeconds(5)));
            else if (error != Errno.None || received.Bytes == 0) return;
        }
    }

    private sealed class ClosingAcceptor : ILoopAcceptor
    {
        public void OnAccepted(AcceptedSocket accepted) => accepted.Close();
    }

    private sealed class OneConnection(EventLoop loop) : ILoopAcceptor
    {
        private readonly TaskCompletionSource<LoopSocket> _accepted = new();

        public Task<LoopSocket> Accepted => _accepted.Task;

        public void OnAccepted(AcceptedSocket accepted) => _accepted.SetResult(accepted.AttachTo(loop));
    }
}
