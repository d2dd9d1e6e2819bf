namespace Mesh.Linux.Loops;

/// <summary>The machine's clock with timers that fire on the loop; its timers may be used from any thread.</summary>
internal sealed class LoopTimeProvider(EventLoop loop) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new LoopClockTimer(loop, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
