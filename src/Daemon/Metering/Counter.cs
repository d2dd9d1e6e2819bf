namespace Mesh.Daemon.Metering;

/// <summary>
/// A number that only grows. Lock-free, any thread. One whose series was let go of because it stood still comes back when it is counted on
/// again: nothing that is counted is lost.
/// </summary>
public sealed class Counter
{
    private long _value;
    private Action<Counter>? _comeBack; // Set while its family has let go of it.
    private long _told; // What its family showed before it let go.
    private long _seen; // By the sweep of its family, which alone writes these two.
    private long _seenAt;

    public long Value => Volatile.Read(ref _value);

    /// <summary>Whether its family has let go of it; asked under the family's lock.</summary>
    internal bool IsLetGo => Volatile.Read(ref _comeBack) is not null;

    public void Add(long amount)
    {
        Interlocked.Add(ref _value, amount);
        // After the count, as LetGo looks at the count after it set this: one of the two sees the other.
        Volatile.Read(ref _comeBack)?.Invoke(this);
    }

    public void Increment() => Add(1);

    /// <summary>How long it has not been counted on, as far as sweeps can tell. Sweeps only.</summary>
    internal TimeSpan IdleFor(TimeProvider time)
    {
        var (now, value) = (time.GetTimestamp(), Value);
        if (_seenAt == 0 || value != _seen) (_seen, _seenAt) = (value, Math.Max(1, now));
        return time.GetElapsedTime(_seenAt, now);
    }

    /// <summary>From here on a count calls the family; false, and nothing done, when it was counted on just now. Under the family's lock.</summary>
    internal bool TryLetGo(Action<Counter> comeBack)
    {
        Volatile.Write(ref _comeBack, comeBack);
        Interlocked.MemoryBarrier();
        _told = Value;
        if (_told == _seen) return true;
        Volatile.Write(ref _comeBack, null);
        return false;
    }

    /// <summary>Its family has it again. Under the family's lock.</summary>
    internal void TakeBack() => Volatile.Write(ref _comeBack, null);

    /// <summary>What was counted since its family let go of it or took this last. Under the family's lock.</summary>
    internal long TakeUntold()
    {
        var untold = Interlocked.Exchange(ref _value, 0) - _told;
        _told = 0;
        return untold;
    }
}
