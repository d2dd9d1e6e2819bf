namespace Mesh.Linux.Loops;

/// <summary>A <see cref="TimeProvider"/> timer on a loop; calls from other threads reach the loop by a post.</summary>
internal sealed class LoopClockTimer : ITimer, ILoopTimerTarget
{
    private readonly EventLoop _loop;
    private readonly TimerCallback _callback;
    private readonly object? _state;
    private readonly LoopTimer _timer;
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private volatile bool _disposed;

    public LoopClockTimer(EventLoop loop, TimerCallback callback, object? state)
    {
        (_loop, _callback, _state) = (loop, callback, state);
        _timer = new LoopTimer(loop, this);
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed) return false;
        if (_loop.IsCurrent) Apply(dueTime, period);
        else _loop.Post(static s => ((Setting)s!).Apply(), new Setting(this, dueTime, period));
        return true;
    }

    public void OnTimer(LoopTimer timer)
    {
        if (_disposed) return;
        if (_period > TimeSpan.Zero) timer.Arm(_period);
        _callback(_state);
    }

    public void Dispose()
    {
        _disposed = true;
        if (_loop.IsCurrent) _timer.Cancel();
        else _loop.Post(static s => ((LoopTimer)s!).Cancel(), _timer);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Apply(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        if (_disposed || dueTime < TimeSpan.Zero) _timer.Cancel();
        else _timer.Arm(dueTime);
    }

    private sealed class Setting(LoopClockTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        public void Apply() => timer.Apply(dueTime, period);
    }
}
