namespace Mesh.Daemon.Metering;

/// <summary>Observations counted in fixed buckets. Lock-free, any thread; a scrape may see an observation half counted.</summary>
public sealed class Histogram
{
    private readonly double[] _bounds;
    private readonly long[] _counts; // One more than bounds: the last is +Inf. Not cumulative.
    private double _sum;

    internal Histogram(double[] bounds)
    {
        (_bounds, _counts) = (bounds, new long[bounds.Length + 1]);
    }

    internal ReadOnlySpan<double> Bounds => _bounds;

    internal double Sum => Volatile.Read(ref _sum);

    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket]) bucket++;
        Interlocked.Increment(ref _counts[bucket]);
        var seen = Volatile.Read(ref _sum);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (before.Equals(seen)) return;
            seen = before;
        }
    }

    internal long CountOf(int bucket) => Volatile.Read(ref _counts[bucket]);
}
