namespace Mesh.Daemon.Metering;

/// <summary>
/// The metrics of a program without ASP.NET Core: families are declared at start, series resolved and kept by their users,
/// increments are lock-free. Any thread.
/// </summary>
public sealed class Metrics
{
    /// <summary>Label sets per family, unless it says otherwise.</summary>
    public const int DefaultSeriesMax = 10_000;

    private static readonly string[] s_familyLabel = ["family"];
    private readonly Lock _gate = new();
    private readonly List<Family> _families = [];
    private readonly MetricFamily<Counter> _overflowed;
    private readonly MetricFamily<Counter> _evicted;

    private readonly TimeProvider _time;

    public Metrics(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _overflowed = new(s_familyLabel, DefaultSeriesMax, static () => new Counter(), static () => { }, static () => { });
        _evicted = new(s_familyLabel, DefaultSeriesMax, static () => new Counter(), static () => { }, static () => { });
        Register(CounterSeries("mesh_metrics_overflow", "Label sets that did not get a series of their own.", _overflowed));
        Register(CounterSeries("mesh_metrics_evicted", "Series that stood still and gave their place to others.", _evicted));
    }

    /// <summary>A counter without labels; its name is given without `_total`.</summary>
    public Counter Counter(string name, string help) => Counters(name, help, []).With();

    /// <summary>A counter per set of label values; its name is given without `_total`.</summary>
    public MetricFamily<Counter> Counters(string name, string help, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = NewFamily(name, labels, seriesMax, static () => new Counter());
        return Register(CounterSeries(name, help, family)).Series;
    }

    /// <summary>A gauge without labels.</summary>
    public Gauge Gauge(string name, string help) => Gauges(name, help, []).With();

    /// <summary>A gauge per set of label values.</summary>
    public MetricFamily<Gauge> Gauges(string name, string help, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = NewFamily(name, labels, seriesMax, static () => new Gauge());
        return Register(new SeriesFamily<Gauge>(
            name, help, MetricKind.Gauge, family, static (to, set, gauge) => to.Sample("", set, gauge.Value))).Series;
    }

    /// <summary>A histogram per set of label values; bounds ascend.</summary>
    public MetricFamily<Histogram> Histograms(
        string name, string help, double[] bounds, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = NewFamily(name, labels, seriesMax, () => new Histogram(bounds));
        return Register(new SeriesFamily<Histogram>(
            name, help, MetricKind.Histogram, family, static (to, set, one) => to.Buckets(set, one.Bounds, one.CountOf, one.Sum))).Series;
    }

    /// <summary>A gauge whose value is asked for at each scrape; left out when it is NaN.</summary>
    public void ObserveGauge(string name, string help, Func<double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Gauge, [LabelSet.None], _ => observe()));

    /// <summary>The same for each value of one label; the function is given the value's index.</summary>
    public void ObserveGauges(string name, string help, string label, string[] values, Func<int, double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Gauge, SetsOf(label, values), observe));

    /// <summary>A counter whose value is asked for at each scrape; its name is given without `_total`.</summary>
    public void ObserveCounter(string name, string help, Func<double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Counter, [LabelSet.None], _ => observe()));

    /// <inheritdoc cref="ObserveGauges"/>
    public void ObserveCounters(string name, string help, string label, string[] values, Func<int, double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Counter, SetsOf(label, values), observe));

    /// <summary>Writes every family that has a sample.</summary>
    public void WriteTo(Exposition to)
    {
        foreach (var _ in Steps(to))
        {
            // Nobody takes anything before the end.
        }
    }

    /// <summary>The same in small steps, each giving the bytes that wait in the exposition, which its caller may take between them.</summary>
    internal IEnumerable<int> Steps(Exposition to)
    {
        Family[] families;
        lock (_gate) families = [.. _families];
        foreach (var family in families)
        {
            foreach (var waiting in family.Write(to, _time)) yield return waiting;
        }
    }

    private static LabelSet[] SetsOf(string label, string[] values) => [.. values.Select(value => new LabelSet([label], [value]))];

    private MetricFamily<TSeries> NewFamily<TSeries>(string name, string[] labels, int seriesMax, Func<TSeries> create) where TSeries : class =>
        new(labels, seriesMax, create, () => _overflowed.With(name).Increment(), () => _evicted.With(name).Increment());

    private static SeriesFamily<Counter> CounterSeries(string name, string help, MetricFamily<Counter> family) =>
        new(name, help, MetricKind.Counter, family, static (to, set, counter) => to.Sample("_total", set, counter.Value));

    private TFamily Register<TFamily>(TFamily family) where TFamily : Family
    {
        lock (_gate)
        {
            if (_families.Exists(known => known.Name == family.Name)) throw new ArgumentException($"{family.Name} is declared twice");
            _families.Add(family);
        }
        return family;
    }
}
