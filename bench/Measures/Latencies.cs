namespace Mesh.Bench.Measures;

/// <summary>Latencies at fixed percentiles, in microseconds.</summary>
internal sealed record Latencies(double[] Microseconds)
{
    public static readonly double[] Percentiles = [1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99];

    public double At(double percentile) => Microseconds[Array.IndexOf(Percentiles, percentile)];

    public static Latencies FromSamples(List<double> samples)
    {
        samples.Sort();
        return new Latencies([.. Percentiles.Select(p => samples[Math.Min(samples.Count - 1, (int)(samples.Count * p / 100))])]);
    }

    /// <summary>The median of several runs, percentile by percentile.</summary>
    public static Latencies MedianOf(IReadOnlyList<Latencies> runs) =>
        new([.. Percentiles.Select((_, i) => Statistics.Median(runs.Select(run => run.Microseconds[i])))]);
}
