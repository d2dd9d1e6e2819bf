using System.Collections.Concurrent;

namespace Mesh.Daemon.Metering;

/// <summary>
/// The series of one metric, one per set of label values. Resolve once and keep the series: resolving allocates only the first time.
/// Beyond its maximum all new label sets share one overflow series, so hostile or churning labels cannot eat the memory. Any thread.
/// </summary>
public sealed class MetricFamily<TSeries> where TSeries : class
{
    /// <summary>The value of every label of the series that takes what no longer fits.</summary>
    public const string Overflow = "overflow";

    private readonly string[] _labels;
    private readonly int _seriesMax;
    private readonly Func<TSeries> _create;
    private readonly ConcurrentDictionary<string[], TSeries> _series = new(LabelValues.Comparer);
    private readonly ConcurrentDictionary<string[], TSeries>.AlternateLookup<ReadOnlySpan<string>> _lookup;
    private readonly Lock _gate = new();
    private readonly Action _overflowed;
    private TSeries? _overflow;
    private int _count;

    internal MetricFamily(string[] labels, int seriesMax, Func<TSeries> create, Action overflowed)
    {
        (_labels, _seriesMax, _create, _overflowed) = (labels, seriesMax, create, overflowed);
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<string>>();
    }

    internal ReadOnlySpan<string> Labels => _labels;

    internal ConcurrentDictionary<string[], TSeries> Series => _series;

    /// <summary>The series with these label values, in the order of the label names.</summary>
    public TSeries With(params ReadOnlySpan<string> values)
    {
        if (_lookup.TryGetValue(values, out var known)) return known;
        if (values.Length != _labels.Length) throw new ArgumentException($"{_labels.Length} label values are needed", nameof(values));
        lock (_gate)
        {
            if (_lookup.TryGetValue(values, out known)) return known;
            if (_count >= _seriesMax)
            {
                _overflowed();
                return _overflow ??= Add([.. Enumerable.Repeat(Overflow, _labels.Length)]);
            }
            _count++;
            return Add(values.ToArray());
        }
    }

    private TSeries Add(string[] values) => _series.GetOrAdd(values, _create());
}
