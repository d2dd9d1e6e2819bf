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

    public Metrics()
    {
        _overflowed = new(s_familyLabel, DefaultSeriesMax, static () => new Counter(), static () => { });
        Register(CounterSeries("mesh_metrics_overflow", "Label sets that did not get a series of their own.", _overflowed));
    }

    /// <summary>A counter without labels; its name is given without `_total`.</summary>
    public Counter Counter(string name, string help) => Counters(name, help, []).With();

    /// <summary>A counter per set of label values; its name is given without `_total`.</summary>
    public MetricFamily<Counter> Counters(string name, string help, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = new MetricFamily<Counter>(labels, seriesMax, static () => new Counter(), () => _overflowed.With(name).Increment());
        return Register(CounterSeries(name, help, family)).Series;
    }

    /// <summary>A gauge without labels.</summary>
    public Gauge Gauge(string name, string help) => Gauges(name, help, []).With();

    /// <summary>A gauge per set of label values.</summary>
    public MetricFamily<Gauge> Gauges(string name, string help, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = new MetricFamily<Gauge>(labels, seriesMax, static () => new Gauge(), () => _overflowed.With(name).Increment());
        return Register(new SeriesFamily<Gauge>(
            name, help, MetricKind.Gauge, family, static (to, set, gauge) => to.Sample("", set, gauge.Value))).Series;
    }

    /// <summary>A histogram per set of label values; bounds ascend.</summary>
    public MetricFamily<Histogram> Histograms(
        string name, string help, double[] bounds, string[] labels, int seriesMax = DefaultSeriesMax)
    {
        var family = new MetricFamily<Histogram>(labels, seriesMax, () => new Histogram(bounds), () => _overflowed.With(name).Increment());
        return Register(new SeriesFamily<Histogram>(
            name, help, MetricKind.Histogram, family, static (to, set, one) => to.Buckets(set, one.Bounds, one.CountOf, one.Sum))).Series;
    }

    /// <summary>A gauge whose value is asked for at each scrape.</summary>
    public void ObserveGauge(string name, string help, Func<double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Gauge, observe));

    /// <summary>A counter whose value is asked for at each scrape; its name is given without `_total`.</summary>
    public void ObserveCounter(string name, string help, Func<double> observe) =>
        Register(new ObservedFamily(name, help, MetricKind.Counter, observe));

    /// <summary>Writes every family that has a sample.</summary>
    public void WriteTo(Exposition to)
    {
        Family[] families;
        lock (_gate) families = [.. _families];
        foreach (var family in families)
        {
            if (family.IsEmpty) continue;
            to.Begin(family.Name, family.Help, TypeOf(family.Kind));
            family.WriteTo(to);
        }
    }

    private static string TypeOf(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        MetricKind.Histogram => "histogram",
    };

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
