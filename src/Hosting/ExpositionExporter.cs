using System.Globalization;
using Mesh.Daemon.Metering;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Mesh.Hosting;

/// <summary>Writes what the OpenTelemetry SDK collected as Prometheus text; used under the lock of <see cref="Telemetry"/>.</summary>
internal sealed class ExpositionExporter : BaseExporter<Metric>
{
    private const string CounterSuffix = "_total";

    public Exposition? Target { get; set; }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        if (Target is not { } to) return ExportResult.Success;
        // Two meters may use one name; a scraper refuses a family that begins twice.
        var families = new Dictionary<string, List<Metric>>(StringComparer.Ordinal);
        foreach (var metric in batch)
        {
            var name = NameOf(metric);
            if (!families.TryGetValue(name, out var sharing)) families.Add(name, sharing = []);
            if (sharing.Count == 0 || TypeOf(sharing[0].MetricType) == TypeOf(metric.MetricType)) sharing.Add(metric);
        }
        foreach (var (name, metrics) in families)
        {
            to.Begin(name, metrics[0].Description, TypeOf(metrics[0].MetricType));
            foreach (var metric in metrics) Write(to, metric);
        }
        return ExportResult.Success;
    }

    private static string NameOf(Metric metric)
    {
        var name = string.Create(metric.Name.Length, metric.Name, static (to, from) =>
        {
            for (var at = 0; at < to.Length; at++) to[at] = char.IsAsciiLetterOrDigit(from[at]) ? from[at] : '_';
        });
        var isCounter = TypeOf(metric.MetricType) == "counter";
        return isCounter && name.EndsWith(CounterSuffix, StringComparison.Ordinal) ? name[..^CounterSuffix.Length] : name;
    }

    private static string TypeOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram => "histogram",
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => "gauge",
        _ => "unknown", // Exponential histograms are not configured by any of our programs.
    };

    private static void Write(Exposition to, Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = LabelsOf(point);
            switch (metric.MetricType)
            {
                case MetricType.LongSum: to.Sample(CounterSuffix, labels, point.GetSumLong()); break;
                case MetricType.DoubleSum: to.Sample(CounterSuffix, labels, point.GetSumDouble()); break;
                case MetricType.LongSumNonMonotonic: to.Sample("", labels, point.GetSumLong()); break;
                case MetricType.DoubleSumNonMonotonic: to.Sample("", labels, point.GetSumDouble()); break;
                case MetricType.LongGauge: to.Sample("", labels, point.GetGaugeLastValueLong()); break;
                case MetricType.DoubleGauge: to.Sample("", labels, point.GetGaugeLastValueDouble()); break;
                case MetricType.Histogram: WriteHistogram(to, labels, point); break;
                default: break; // Begun as `unknown` without samples: seen, and not guessed at.
            }
        }
    }

    private static void WriteHistogram(Exposition to, LabelSet labels, in MetricPoint point)
    {
        var bounds = new List<double>();
        var counts = new List<long>();
        foreach (var bucket in point.GetHistogramBuckets())
        {
            if (!double.IsPositiveInfinity(bucket.ExplicitBound)) bounds.Add(bucket.ExplicitBound);
            counts.Add(bucket.BucketCount);
        }
        to.Buckets(labels, bounds.ToArray(), at => counts[at], point.GetHistogramSum());
    }

    private static LabelSet LabelsOf(in MetricPoint point)
    {
        var names = new List<string>();
        var values = new List<string>();
        foreach (var tag in point.Tags)
        {
            names.Add(tag.Key.Replace('.', '_').Replace('-', '_'));
            values.Add(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "");
        }
        return new LabelSet([.. names], [.. values]);
    }
}
