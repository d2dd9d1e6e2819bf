using System.Text;
using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Tests.Metering;

public sealed class MetricsTests
{
    private static string Text(Metrics metrics, bool openMetrics = false)
    {
        var exposition = new Exposition(openMetrics);
        metrics.WriteTo(exposition);
        return Encoding.UTF8.GetString(exposition.Finish());
    }

    [Fact]
    public void Both_formats_are_what_a_scraper_expects()
    {
        var metrics = new Metrics();
        metrics.Counters("istio_tcp_connections_opened", "Opened.", ["reporter", "flag"]).With("source", "a\"\\\nb").Add(2);
        metrics.Gauge("active", "Active.").Set(-3);
        var histogram = metrics.Histograms("seconds", "Time.", [0.5, 1], []).With();
        foreach (var value in new[] { 0.25, 0.5, 0.75, 7 }) histogram.Observe(value);
        metrics.ObserveGauge("half", "Half.", () => 0.5);

        Assert.Equal(
            """
            # HELP istio_tcp_connections_opened_total Opened.
            # TYPE istio_tcp_connections_opened_total counter
            istio_tcp_connections_opened_total{reporter="source",flag="a\"\\\nb"} 2
            # HELP active Active.
            # TYPE active gauge
            active -3
            # HELP seconds Time.
            # TYPE seconds histogram
            seconds_bucket{le="0.5"} 2
            seconds_bucket{le="1"} 3
            seconds_bucket{le="+Inf"} 4
            seconds_sum 8.5
            seconds_count 4
            # HELP half Half.
            # TYPE half gauge
            half 0.5

            """,
            Text(metrics));
        var open = Text(metrics, openMetrics: true);
        Assert.Contains("# TYPE istio_tcp_connections_opened counter\nistio_tcp_connections_opened_total{", open, StringComparison.Ordinal);
        Assert.Contains("le=\"1.0\"", open, StringComparison.Ordinal);
        Assert.EndsWith("# EOF\n", open, StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_without_series_is_absent()
    {
        var metrics = new Metrics();
        metrics.Counters("quiet", "Nothing yet.", ["a"]);
        Assert.Equal("", Text(metrics));
    }

    [Fact]
    public void Beyond_the_maximum_all_new_label_sets_share_one_series_and_that_is_counted()
    {
        var metrics = new Metrics();
        var family = metrics.Counters("busy", "Busy.", ["peer"], seriesMax: 2);
        foreach (var peer in new[] { "a", "b", "c", "d", "a" }) family.With(peer).Increment();

        var text = Text(metrics);
        Assert.Contains("busy_total{peer=\"a\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("busy_total{peer=\"overflow\"} 2\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"c\"", text, StringComparison.Ordinal);
        Assert.Contains("mesh_metrics_overflow_total{family=\"busy\"} 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolving_a_known_series_and_incrementing_it_allocate_nothing()
    {
        var family = new Metrics().Counters("hot", "Hot.", ["a", "b"]);
        family.With("x", "y").Increment();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 1000; at++) family.With("x", "y").Add(3);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Concurrent_increments_and_observations_all_count()
    {
        var metrics = new Metrics();
        var counter = metrics.Counter("many", "Many.");
        var histogram = metrics.Histograms("h", "H.", [1], []).With();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var at = 0; at < 10_000; at++)
            {
                counter.Increment();
                histogram.Observe(0.5);
            }
        })));

        Assert.Equal(40_000, counter.Value);
        Assert.Contains("h_sum 20000\nh_count 40000\n", Text(metrics), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_declared_once()
    {
        var metrics = new Metrics();
        metrics.Counter("twice", "One.");
        Assert.Throws<ArgumentException>(() => metrics.Gauge("twice", "Two."));
    }
}
