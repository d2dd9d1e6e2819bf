using BenchmarkDotNet.Attributes;
using Mesh.Daemon.Metering;

namespace Mesh.Microbenchmarks.Daemon;

/// <summary>Counting with the labels of a connection, with a series at hand, and writing thousands of series out.</summary>
public class MetricsBenchmarks
{
    private static readonly string[] Names = [.. Enumerable.Range(0, 20).Select(i => $"label_{i}")];
    private readonly Metrics metrics = new();
    private readonly string[] values = [.. Enumerable.Range(0, 20).Select(i => $"value-{i}")];
    private MetricFamily<Counter> family = null!;
    private Counter series = null!;

    [GlobalSetup]
    public void Setup()
    {
        family = metrics.Counters("istio_tcp_connections_opened_total", "Connections.", Names);
        series = family.With(values);
        for (var i = 0; i < 2000; i++)
        {
            values[0] = $"other-{i}";
            family.With(values).Increment();
        }

        values[0] = "value-0";
    }

    [Benchmark]
    public void FindAndCount() => family.With(values).Increment();

    [Benchmark]
    public void Count() => series.Increment();

    [Benchmark]
    public int WriteTwoThousandSeries()
    {
        var exposition = new Exposition(openMetrics: false);
        metrics.WriteTo(exposition);
        return exposition.Finish().Length;
    }
}
