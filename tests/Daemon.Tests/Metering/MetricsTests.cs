using System.Text;
using Mesh.Daemon.Admin;
using Mesh.Daemon.Metering;
using Mesh.Kubernetes.Tests.Support;

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

    [Fact]
    public void A_page_of_many_series_is_written_in_parts_and_costs_far_less_than_its_size()
    {
        const int Series = 5000;
        var metrics = new Metrics();
        var names = Enumerable.Range(0, 27).Select(static at => $"destination_label_{at}").ToArray();
        var family = metrics.Counters("istio_tcp_connections_opened", "Opened.", names);
        for (var one = 0; one < Series; one++) family.With([.. names.Select((_, at) => $"value-{one}-{at}")]).Increment();
        metrics.Histograms("h", "H.", [1, 2], ["a"]).With("x").Observe(1);
        var whole = Text(metrics, openMetrics: true);

        var parts = new StringBuilder(whole.Length);
        var longest = 0;
        using (var warm = Scrape(isPacked: false)) Assert.True(warm.Next());
        using var scrape = Scrape(isPacked: false);
        var before = GC.GetAllocatedBytesForCurrentThread();
        long allocated = 0;
        for (var isMore = true; isMore;)
        {
            isMore = scrape.Next();
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            longest = Math.Max(longest, scrape.Part.Length);
            parts.Append(Encoding.UTF8.GetString(scrape.Part.Span));
            before = GC.GetAllocatedBytesForCurrentThread();
        }

        Assert.Equal(whole, parts.ToString());
        Assert.InRange(longest, 1, 64 * 1024);
        Assert.True(allocated < whole.Length / 10, $"{allocated} bytes allocated for a page of {whole.Length}");

        Scrape Scrape(bool isPacked)
        {
            var to = new Exposition(openMetrics: true);
            return new Scrape(to, metrics.Steps(to), isPacked);
        }
    }

    [Fact]
    public void At_the_maximum_a_scrape_frees_the_places_of_counters_that_stood_still()
    {
        var time = new ManualTime();
        var metrics = new Metrics(time);
        var family = metrics.Counters("busy", "Busy.", ["peer"], seriesMax: 2);
        family.With("old").Add(5);
        family.With("live").Add(1);
        Text(metrics);
        time.Advance(MetricFamily<Counter>.IdleMax);
        family.With("live").Add(1);
        family.With("early").Increment();
        Assert.Equal(0, family.Evictions);

        Text(metrics);
        family.With("new").Increment();
        var text = Text(metrics);
        Assert.Equal(1, family.Evictions);
        Assert.DoesNotContain("\"old\"", text, StringComparison.Ordinal);
        Assert.Contains("busy_total{peer=\"live\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("busy_total{peer=\"overflow\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("busy_total{peer=\"new\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("mesh_metrics_evicted_total{family=\"busy\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Below_the_maximum_every_counter_keeps_its_place()
    {
        var time = new ManualTime();
        var metrics = new Metrics(time);
        var family = metrics.Counters("busy", "Busy.", ["peer"], seriesMax: 2);
        family.With("old").Increment();
        Text(metrics);
        time.Advance(TimeSpan.FromDays(1));
        Assert.Contains("\"old\"", Text(metrics), StringComparison.Ordinal);
    }

    [Fact]
    public void A_counter_that_was_let_go_of_returns_with_its_count_when_it_is_counted_on()
    {
        var (family, kept, text) = LetGo();
        kept.Add(2);
        Assert.Contains("busy_total{peer=\"kept\"} 7\n", text(), StringComparison.Ordinal);
        Assert.Same(kept, family.With("kept"));
    }

    [Fact]
    public void What_a_counter_that_was_let_go_of_counts_goes_to_the_new_one_of_its_labels()
    {
        var (family, kept, text) = LetGo();
        family.With("kept").Add(10);
        kept.Add(2);
        kept.Add(1);
        Assert.Contains("busy_total{peer=\"kept\"} 13\n", text(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_counter_that_was_let_go_of_counts_goes_to_the_overflow_when_its_place_is_taken()
    {
        var (family, kept, text) = LetGo();
        family.With("next").Increment();
        kept.Add(2);
        kept.Add(1);
        Assert.Contains("busy_total{peer=\"overflow\"} 3\n", text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_lost_while_counters_come_and_go()
    {
        var time = new ManualTime();
        var metrics = new Metrics(time);
        var family = metrics.Counters("busy", "Busy.", ["peer"], seriesMax: 1);
        var kept = family.With("kept");
        using var done = new CancellationTokenSource();
        var sweeps = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                time.Advance(MetricFamily<Counter>.IdleMax);
                Text(metrics);
            }
        });
        const int Each = 200_000;
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (var at = 0; at < Each; at++) kept.Increment();
        })));
        await done.CancelAsync();
        await sweeps;
        kept.Increment();
        Assert.Equal((2 * Each) + 1, kept.Value);
        Assert.Contains($"busy_total{{peer=\"kept\"}} {(2 * Each) + 1}\n", Text(metrics), StringComparison.Ordinal);
    }

    private static (MetricFamily<Counter> Family, Counter Kept, Func<string> Text) LetGo()
    {
        var time = new ManualTime();
        var metrics = new Metrics(time);
        var family = metrics.Counters("busy", "Busy.", ["peer"], seriesMax: 1);
        var kept = family.With("kept");
        kept.Add(5);
        Text(metrics);
        time.Advance(MetricFamily<Counter>.IdleMax);
        Assert.DoesNotContain("\"kept\"", Text(metrics), StringComparison.Ordinal);
        return (family, kept, () => Text(metrics));
    }
}
