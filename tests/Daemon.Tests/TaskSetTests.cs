using Mesh.Daemon.Logging;

namespace Mesh.Daemon.Tests;

public sealed class TaskSetTests
{
    [Fact]
    public async Task All_work_is_awaited_including_what_is_added_meanwhile()
    {
        using var output = new MemoryStream();
        using var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        var set = new TaskSet(log.Scope("t"));
        set.Add(first.Task);

        var all = set.WhenAllAsync();
        set.Add(second.Task);
        first.SetResult();
        await Task.Delay(20);
        Assert.False(all.IsCompleted);
        second.SetResult();
        await all.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(0, set.Count);
    }

    [Theory]
    [InlineData("fault")]
    [InlineData("end")]
    [InlineData("foreign cancellation")]
    public async Task Vital_work_that_fails_or_ends_by_itself_ends_its_owner(string how)
    {
        using var output = new MemoryStream();
        var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var set = new TaskSet(log.Scope("t"));
        using var owner = new CancellationTokenSource();
        var work = new TaskCompletionSource();
        set.AddVital("the loop", work.Task, owner);
        set.Add(Task.Delay(Timeout.InfiniteTimeSpan, owner.Token));
        Assert.False(owner.IsCancellationRequested);
        Assert.Null(set.Failure);

        if (how == "fault") work.SetException(new InvalidOperationException("broken"));
        else if (how == "end") work.SetResult();
        else work.SetCanceled(new CancellationToken(canceled: true));
        await set.WhenAllAsync().WaitAsync(TimeSpan.FromSeconds(5));
        log.Dispose();

        Assert.True(owner.IsCancellationRequested);
        Assert.Equal("the loop", set.Failure);
        Assert.Contains("the loop", Assert.Single(System.Text.Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Vital_work_that_ends_when_told_is_no_failure(bool cancelled)
    {
        using var output = new MemoryStream();
        using var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var set = new TaskSet(log.Scope("t"));
        using var owner = new CancellationTokenSource();
        var work = new TaskCompletionSource();
        set.AddVital("the loop", work.Task, owner);

        await owner.CancelAsync();
        if (cancelled) work.SetCanceled(owner.Token);
        else work.SetResult();
        await set.WhenAllAsync().WaitAsync(TimeSpan.FromSeconds(5));

        Assert.Null(set.Failure);
    }

    [Fact]
    public async Task A_fault_is_logged_once_and_a_cancellation_is_not()
    {
        using var output = new MemoryStream();
        var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var set = new TaskSet(log.Scope("t"));

        set.Add(Task.FromException(new InvalidOperationException("broken")));
        set.Add(Task.FromCanceled(new CancellationToken(canceled: true)));
        await set.WhenAllAsync();
        log.Dispose();

        var text = System.Text.Encoding.UTF8.GetString(output.ToArray());
        Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("a background task failed", text, StringComparison.Ordinal);
        Assert.Contains("broken", text, StringComparison.Ordinal);
    }
}
