using Mesh.Linux.Loops;

namespace Mesh.Linux.Tests.Loops;

/// <summary>Alone, for open descriptors are counted by process.</summary>
[CollectionDefinition(nameof(EventLoopTests), DisableParallelization = true)]
[Collection(nameof(EventLoopTests))]
public sealed class EventLoopTests
{
    [Fact]
    public async Task Awaits_come_back_to_the_thread_of_the_loop()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            Assert.Same(test.Loop, EventLoop.Current);
            await Task.Delay(TimeSpan.FromMilliseconds(5), test.Loop.Time);
            Assert.Same(test.Loop, EventLoop.Current);
            await Task.Run(() => Assert.Null(EventLoop.Current));
            Assert.Same(test.Loop, EventLoop.Current);
            await Task.Yield();
            Assert.Same(test.Loop, EventLoop.Current);
        });
        Assert.Empty(test.Faults);
    }

    [Fact]
    public async Task Posts_from_many_threads_all_run_in_their_own_order()
    {
        await using var test = new TestLoop();
        const int each = 20_000;
        var seen = new int[4];
        var left = 4 * each;
        var done = new TaskCompletionSource();
        var threads = Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                var number = i;
                test.Loop.Post(
                    _ =>
                    {
                        if (seen[t] != number) done.TrySetException(new InvalidOperationException("order"));
                        seen[t]++;
                        if (--left == 0) done.TrySetResult();
                    },
                    null);
            }
        }));
        await Task.WhenAll(threads);
        await done.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_sleeping_loop_wakes_for_every_single_post()
    {
        await using var test = new TestLoop();
        for (var i = 0; i < 2_000; i++) await test.RunAsync(() => Task.CompletedTask);
        Assert.True(test.Loop.Statistics.Wakeups <= 2_001);
    }

    [Fact]
    public async Task Timers_fire_in_order_of_their_due_time_and_not_after_a_cancel()
    {
        await using var test = new TestLoop();
        var fired = new List<int>();
        await test.RunAsync(async () =>
        {
            var timers = new[] { 30, 10, 20, 15 }.Select(ms => (ms, timer: new LoopTimer(test.Loop, new Target(() => fired.Add(ms))))).ToList();
            foreach (var (ms, timer) in timers) timer.Arm(TimeSpan.FromMilliseconds(ms));
            timers[3].timer.Cancel();
            Assert.False(timers[3].timer.IsArmed);
            await Task.Delay(TimeSpan.FromMilliseconds(60), test.Loop.Time);
        });
        Assert.Equal([10, 20, 30], fired);
    }

    [Fact]
    public async Task A_heap_of_random_arms_and_cancels_stays_in_order()
    {
        await using var test = new TestLoop();
        var heap = new TimerHeap();
        var random = new Random(11);
        var timers = Enumerable.Range(0, 500).Select(_ => new LoopTimer(test.Loop, new Target(() => { }))).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var timer = timers[random.Next(timers.Length)];
            if (random.Next(3) == 0) heap.Cancel(timer);
            else heap.Arm(timer, random.Next(10_000));
        }

        Assert.Equal(timers.Count(t => t.IsArmed), heap.Count);
        var last = long.MinValue;
        while (heap.TakeDue(long.MaxValue) is { } due)
        {
            Assert.True(due.DueMilliseconds >= last);
            last = due.DueMilliseconds;
        }

        Assert.All(timers, t => Assert.False(t.IsArmed));
    }

    [Fact]
    public async Task The_end_of_turn_runs_after_all_work_of_the_turn()
    {
        await using var test = new TestLoop();
        var order = new List<string>();
        var done = new TaskCompletionSource();
        await test.RunAsync(async () =>
        {
            test.Loop.RunAtEndOfTurn(new TurnEnd(() =>
            {
                order.Add("end");
                done.SetResult();
            }));
            test.Loop.Post(_ => order.Add("work 1"), null);
            test.Loop.Post(_ => order.Add("work 2"), null);
            await done.Task;
        });
        Assert.Equal(["work 1", "work 2", "end"], order);
    }

    [Fact]
    public async Task A_fault_in_one_source_is_reported_once_and_closes_only_that_source()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (left, right) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Stream);
            var (healthy, other) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Stream);
            await Task.Delay(TimeSpan.FromMilliseconds(5), test.Loop.Time); // The first edges pass.
            right.Sink = new Source(() => throw new InvalidOperationException("a bug"));
            left.TrySend("x"u8, out _);
            await Task.Delay(TimeSpan.FromMilliseconds(10), test.Loop.Time);
            Assert.True(right.IsDisposed);
            other.TrySend("y"u8, out _);
            var buffer = new byte[8];
            while (healthy.TryReceive(buffer, out _) == Errno.WouldBlock) await healthy.ReadableAsync();
            Assert.False(healthy.IsDisposed);
        });
        Assert.Single(test.Faults);
        Assert.Equal(1, test.Loop.Statistics.Faults);
    }

    [Fact]
    public async Task A_fault_in_what_a_source_posted_itself_closes_it_as_well()
    {
        await using var test = new TestLoop();
        var source = new PostingSource();
        await test.RunAsync(async () =>
        {
            test.Loop.Post(source);
            await Task.Yield();
        });
        Assert.IsType<InvalidOperationException>(source.Told);
        Assert.Single(test.Faults);
    }

    private sealed class PostingSource : ILoopSource, ILoopWork
    {
        public Exception? Told { get; private set; }

        public void OnReady(ReadyEvents ready)
        {
        }

        public void OnFault(Exception fault) => Told = fault;

        public void Run() => throw new InvalidOperationException("a bug");
    }

    [Fact]
    public async Task Stopping_a_loop_ends_pending_waits_and_leaks_no_descriptor()
    {
        await using (var warmUp = new TestLoop()) await warmUp.RunAsync(() => Task.CompletedTask);
        var before = SafeFileDescriptor.CountOpen();
        var test = new TestLoop();
        var outcome = new TaskCompletionSource<WaitOutcome>();
        await test.RunAsync(() =>
        {
            var (left, _) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Stream);
            left.TryReceive(new byte[1], out _);
            _ = WaitAsync(left, outcome);
            return Task.CompletedTask;
        });
        await test.DisposeAsync();
        Assert.Equal(WaitOutcome.Closed, await outcome.Task.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.True(SafeFileDescriptor.CountOpen() <= before, "descriptors leaked");
    }

    [Fact]
    public async Task Waiting_for_a_socket_allocates_nothing_once_warm()
    {
        await using var test = new TestLoop();
        var allocated = await test.RunAsync(async () =>
        {
            var (left, right) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Stream);
            await PingPongAsync(left, right, 2_000);
            var before = GC.GetAllocatedBytesForCurrentThread();
            await PingPongAsync(left, right, 2_000);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.InRange(allocated, 0, 4_096);
    }

    [Fact]
    public async Task A_turn_without_readiness_costs_one_system_call_and_a_lone_request_two_turns()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var (left, right) = LoopSocket.CreatePair(test.Loop, UnixSocketKind.Stream);
            await PingPongAsync(left, right, 10);
            var before = test.Loop.Statistics.Turns;
            await PingPongAsync(left, right, 100);
            Assert.InRange(test.Loop.Statistics.Turns - before, 1, 210);
        });
    }

    [Fact]
    public void A_pool_lends_within_its_bound_and_refuses_a_second_return()
    {
        var pool = new BufferPool(bytesMax: 100_000, idleBytesMax: 20_000);
        var small = pool.TryRent(1);
        Assert.Equal(2048, small!.Length);
        var large = pool.TryRent(60_000);
        Assert.Equal(65_536, large!.Length);
        Assert.Null(pool.TryRent(60_000));
        Assert.Null(pool.TryRent(BufferPool.LargestBytes + 1));
        pool.Return(large);
        Assert.Equal(0, pool.IdleBytes); // Larger than what may lie idle.
        pool.Return(small);
        Assert.Equal(2048, pool.IdleBytes);
        Assert.Throws<InvalidOperationException>(() => pool.Return(small));
        Assert.Same(small, pool.TryRent(100));
    }

    private static async Task WaitAsync(LoopSocket socket, TaskCompletionSource<WaitOutcome> outcome) =>
        outcome.SetResult(await socket.ReadableAsync());

    private static async Task PingPongAsync(LoopSocket left, LoopSocket right, int rounds)
    {
        var buffer = new byte[16];
        for (var i = 0; i < rounds; i++)
        {
            left.TrySend("ping"u8, out _);
            while (right.TryReceive(buffer, out _) == Errno.WouldBlock) await right.ReadableAsync();
            right.TrySend("pong"u8, out _);
            while (left.TryReceive(buffer, out _) == Errno.WouldBlock) await left.ReadableAsync();
        }
    }

    private sealed class Target(Action act) : ILoopTimerTarget
    {
        public void OnTimer(LoopTimer timer) => act();
    }

    private sealed class TurnEnd(Action act) : ILoopTurnEnd
    {
        public void OnTurnEnd() => act();
    }

    private sealed class Source(Action act) : ILoopSource
    {
        public void OnReady(ReadyEvents ready) => act();
    }
}
