namespace Mesh.Linux.Loops;

/// <summary>
/// A timer of one loop that can be armed, re-armed and cancelled any number of times without allocating. Used on the loop's thread only.
/// Coarse: it fires at the first turn after it is due, never before.
/// </summary>
public sealed class LoopTimer(EventLoop loop, ILoopTimerTarget target)
{
    internal const int NotQueued = -1;

    internal int HeapIndex { get; set; } = NotQueued;

    internal long DueMilliseconds { get; set; }

    internal ILoopTimerTarget Target { get; } = target;

    public bool IsArmed => HeapIndex != NotQueued;

    /// <summary>Fires once after this time, replacing an earlier arming.</summary>
    public void Arm(TimeSpan after)
    {
        loop.RequireCurrent();
        loop.Timers.Arm(this, EventLoop.ReadMilliseconds() + Math.Max(0, (long)Math.Ceiling(after.TotalMilliseconds)));
    }

    public void Cancel()
    {
        loop.RequireCurrent();
        loop.Timers.Cancel(this);
    }
}
