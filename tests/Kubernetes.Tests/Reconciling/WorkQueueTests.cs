using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Reconciling;

public sealed class WorkQueueTests : IDisposable
{
    private static readonly ObjectKey A = new("s", "a");
    private static readonly ObjectKey B = new("s", "b");

    private readonly ManualTime _time = new();
    private readonly WorkQueue _queue;

    public WorkQueueTests() => _queue = Create(new WorkQueueOptions());

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task A_key_waits_at_most_once()
    {
        _queue.TryAdd(A);
        _queue.TryAdd(B);
        _queue.TryAdd(A);

        Assert.Equal(2, _queue.Depth);
        Assert.Equal(A, await TakeAsync());
        Assert.Equal(B, await TakeAsync());
        await AssertNothingAsync();
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_comes_back_only_when_that_is_complete()
    {
        _queue.TryAdd(A);
        await TakeAsync();

        _queue.TryAdd(A);
        _queue.TryAdd(A);
        await AssertNothingAsync();
        _queue.Complete(A);

        Assert.Equal(A, await TakeAsync());
        _queue.Complete(A);
        await AssertNothingAsync();
    }

    [Fact]
    public async Task A_delayed_key_comes_at_its_time_and_the_earliest_of_several_counts()
    {
        _queue.TryAddAfter(A, TimeSpan.FromSeconds(10));
        _queue.TryAddAfter(A, TimeSpan.FromSeconds(3));
        _queue.TryAddAfter(A, TimeSpan.FromSeconds(20));
        _time.Advance(TimeSpan.FromSeconds(2.999));
        Assert.Equal((0, 1), (_queue.Depth, _queue.Delayed));

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal((1, 0), (_queue.Depth, _queue.Delayed));
        await TakeAsync();
        _queue.Complete(A);
        _time.Advance(TimeSpan.FromMinutes(1));
        await AssertNothingAsync();
    }

    [Fact]
    public void Retries_double_up_to_the_longest_and_start_over_after_success()
    {
        var longest = TimeSpan.FromMilliseconds(200);
        using var queue = Create(new WorkQueueOptions { LongestRetry = longest });
        var expected = 5.0;
        for (var i = 0; i < 12; i++)
        {
            var pause = queue.Retry(A).TotalMilliseconds;
            Assert.InRange(pause, expected / 2, expected);
            expected = Math.Min(expected * 2, longest.TotalMilliseconds);
        }

        queue.Forget(A);
        Assert.InRange(queue.Retry(A).TotalMilliseconds, 2.5, 5);
        Assert.InRange(queue.Retry(B).TotalMilliseconds, 2.5, 5);
    }

    [Fact]
    public void Retries_of_all_keys_together_keep_to_a_rate_after_a_burst()
    {
        using var queue = Create(new WorkQueueOptions { RetriesPerSecond = 10, RetryBurst = 5 });
        for (var i = 0; i < 5; i++) Assert.InRange(queue.Retry(new ObjectKey("s", $"{i}")).TotalMilliseconds, 0, 5);

        Assert.Equal(100, queue.Retry(new ObjectKey("s", "6")).TotalMilliseconds, 1.0);
        Assert.Equal(200, queue.Retry(new ObjectKey("s", "7")).TotalMilliseconds, 1.0);

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(queue.Retry(new ObjectKey("s", "8")).TotalMilliseconds, 0, 5);
    }

    [Fact]
    public void A_full_queue_refuses_and_counts()
    {
        using var queue = Create(new WorkQueueOptions { Capacity = 2 });

        Assert.True(queue.TryAdd(new ObjectKey("s", "1")));
        Assert.True(queue.TryAdd(new ObjectKey("s", "2")));
        Assert.False(queue.TryAdd(new ObjectKey("s", "3")));
        Assert.True(queue.TryAdd(new ObjectKey("s", "1")));

        Assert.Equal(1, queue.Rejected);
    }

    [Fact]
    public void Moving_a_time_forward_for_ever_needs_no_memory()
    {
        for (var i = 0; i < 10_000; i++) _queue.TryAddAfter(A, TimeSpan.FromSeconds(20_000 - i));

        Assert.Equal(1, _queue.Delayed);
        Assert.InRange(_queue.LaterLength, 1, 100);
    }

    [Fact]
    public async Task Many_workers_never_hold_the_same_key_and_miss_no_addition()
    {
        const int keys = 7;
        const int additions = 20_000;
        var holders = new int[keys];
        var dirty = new int[keys];
        var violations = 0;
        using var stop = new CancellationTokenSource();
        async Task WorkAsync()
        {
            while (true)
            {
                var key = await _queue.TakeAsync(stop.Token);
                var number = int.Parse(key.Name, System.Globalization.CultureInfo.InvariantCulture);
                if (Interlocked.Increment(ref holders[number]) != 1) Interlocked.Increment(ref violations);
                Interlocked.Exchange(ref dirty[number], 0);
                await Task.Yield();
                Interlocked.Decrement(ref holders[number]);
                _queue.Complete(key);
            }
        }

        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(WorkAsync, Wait.Stop)).ToArray();
        var random = new Random(3);
        for (var i = 0; i < additions; i++)
        {
            var number = random.Next(keys);
            Interlocked.Exchange(ref dirty[number], 1);
            Assert.True(_queue.TryAdd(new ObjectKey("s", $"{number}")));
            if (i % 100 == 0) await Task.Yield();
        }

        await Wait.UntilAsync(() => dirty.All(flag => Volatile.Read(ref flag) == 0), "every addition was followed by work");
        await stop.CancelAsync();
        await Task.WhenAll(workers.Select(worker => Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker)));
        Assert.Equal(0, violations);
    }

    private WorkQueue Create(WorkQueueOptions options) => new(options, _time, new Random(5));

    private async Task<ObjectKey> TakeAsync() => await _queue.TakeAsync(Wait.Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Wait.Stop);

    private async Task AssertNothingAsync()
    {
        using var stop = new CancellationTokenSource();
        var taking = _queue.TakeAsync(stop.Token).AsTask();
        Assert.False(taking.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
    }
}
