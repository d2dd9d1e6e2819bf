namespace Mesh.Daemon;

/// <summary>How long to wait before the next attempt: grows by a factor up to a maximum, spread by chance. One owner, no lock.</summary>
public sealed class Backoff
{
    /// <summary>Share of the delay that chance may take away, so that many clients of one server do not return together.</summary>
    public const double DefaultJitter = 0.2;

    private readonly TimeSpan _first;
    private readonly TimeSpan _max;
    private readonly double _factor;
    private readonly double _jitter;
    private readonly Random _random;
    private double _nextTicks;

    public Backoff(TimeSpan first, TimeSpan max, Random random, double factor = 2, double jitter = DefaultJitter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(first, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, first);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(jitter);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(jitter, 1);
        (_first, _max, _factor, _jitter, _random) = (first, max, factor, jitter, random);
        _nextTicks = first.Ticks;
    }

    /// <summary>Attempts that failed since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>Counts a failure and says how long to wait before trying again.</summary>
    public TimeSpan Next()
    {
        if (Failures < int.MaxValue) Failures++;
        var delay = _nextTicks;
        _nextTicks = Math.Min(_nextTicks * _factor, _max.Ticks);
        return TimeSpan.FromTicks((long)(delay * (1 - (_jitter * _random.NextDouble()))));
    }

    /// <summary>A success: the next failure waits the first delay again.</summary>
    public void Reset() => (Failures, _nextTicks) = (0, _first.Ticks);

    /// <summary>Counts a failure and waits.</summary>
    public Task WaitAsync(TimeProvider time, CancellationToken stop) => Task.Delay(Next(), time, stop);
}
