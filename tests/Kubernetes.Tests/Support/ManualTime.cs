namespace Mesh.Kubernetes.Tests.Support;

/// <summary>A clock that moves only when told; timers ring inside <see cref="Advance"/>. Thread-safe.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _guard = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_guard) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public int ArmedTimers
    {
        get
        {
            lock (_guard) return _timers.Count;
        }
    }

    public void Advance(TimeSpan by)
    {
        DateTimeOffset end;
        lock (_guard) end = _now + by;
        while (true)
        {
            ManualTimer? due;
            lock (_guard)
            {
                due = _timers.Where(timer => timer.At <= end).MinBy(timer => timer.At);
                if (due is null)
                {
                    _now = end;
                    return;
                }

                if (due.At > _now) _now = due.At;
                _timers.Remove(due);
            }

            due.Ring();
        }
    }

    /// <summary>
    /// Moves on in small steps, letting real I/O happen between them, until the condition holds. The second half of the time goes by slowly:
    /// by then most conditions hold, and what does not may wait for a busy machine.
    /// </summary>
    public async Task AdvanceUntilAsync(Func<bool> condition, TimeSpan step, TimeSpan atMost)
    {
        for (var moved = TimeSpan.Zero; !condition(); moved += step)
        {
            if (moved > atMost) Assert.Fail($"It did not happen within {atMost} of manual time.");
            Advance(step);
            var waits = moved < atMost / 2 ? 5 : 200;
            for (var i = 0; i < waits && !condition(); i++) await Task.Delay(1);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset At { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert.True(period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero, "Periodic timers are not simulated.");
            lock (time._guard)
            {
                time._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                At = time._now + dueTime;
                time._timers.Add(this);
            }

            return true;
        }

        public void Ring() => callback(state);

        public void Dispose()
        {
            lock (time._guard) time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
