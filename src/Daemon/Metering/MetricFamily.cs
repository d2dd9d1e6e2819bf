using System.Collections.Concurrent;

namespace Mesh.Daemon.Metering;

/// <summary>
/// The series of one metric, one per set of label values. Resolve once and keep the series: resolving allocates only the first time.
/// Beyond its maximum all new label sets share one overflow series, so hostile or churning labels cannot eat the memory. At its maximum
/// a scrape lets go of the counters that have stood still for a while. Any thread.
/// </summary>
public sealed class MetricFamily<TSeries> where TSeries : class
{
    /// <summary>The value of every label of the series that takes what no longer fits.</summary>
    public const string Overflow = "overflow";

    /// <summary>A counter that did not move for as long gives its place to others when places are short.</summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(10);

    private readonly string[] _labels;
    private readonly int _seriesMax;
    private readonly Func<TSeries> _create;
    private readonly ConcurrentDictionary<string[], TSeries> _series = new(LabelValues.Comparer);
    private readonly ConcurrentDictionary<string[], TSeries>.AlternateLookup<ReadOnlySpan<string>> _lookup;
    private readonly Lock _gate = new();
    private readonly Lock _sweeping = new();
    private readonly Action _overflowed;
    private readonly Action _evicted;
    private TSeries? _overflow;
    private int _count;
    private int _evictions;

    internal MetricFamily(string[] labels, int seriesMax, Func<TSeries> create, Action overflowed, Action evicted)
    {
        (_labels, _seriesMax, _create, _overflowed, _evicted) = (labels, seriesMax, create, overflowed, evicted);
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<string>>();
    }

    /// <summary>Series let go of so far. Who keeps resolved series asks for them anew when it grew: there may be room for them now.</summary>
    public int Evictions => Volatile.Read(ref _evictions);

    internal string[] Labels => _labels;

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
                return OverflowSeries();
            }
            _count++;
            return Add(values.ToArray());
        }
    }

    /// <summary>Notes which counters moved and, when all places are taken, frees those of the counters that did not for long.</summary>
    internal void Sweep(TimeProvider time)
    {
        // Gauges stay: one that does not move still says how things are.
        if (typeof(TSeries) != typeof(Counter) || _labels.Length == 0 || !_sweeping.TryEnter()) return;
        try
        {
            var isFull = Volatile.Read(ref _count) >= _seriesMax;
            foreach (var (values, series) in _series)
            {
                var isIdle = Counting(series).IdleFor(time) >= IdleMax;
                if (isIdle && isFull && !ReferenceEquals(series, _overflow)) LetGo(values, series);
            }
        }
        finally
        {
            _sweeping.Exit();
        }
    }

    private static Counter Counting(TSeries series) => (Counter)(object)series;

    private void LetGo(string[] values, TSeries series)
    {
        lock (_gate)
        {
            if (!Counting(series).TryLetGo(_ => ComeBack(values, series))) return;
            _series.TryRemove(values, out _);
            _count--;
            Volatile.Write(ref _evictions, _evictions + 1);
            _evicted();
        }
    }

    /// <summary>Somebody kept a series that was let go of and counted on it: it returns, or what it counted goes where its labels do now.</summary>
    private void ComeBack(string[] values, TSeries series)
    {
        lock (_gate)
        {
            var counter = Counting(series);
            if (!counter.IsLetGo) return; // Another thread brought it back, or it was not let go of after all.
            if (_series.TryGetValue(values, out var newer))
            {
                Counting(newer).Add(counter.TakeUntold());
            }
            else if (_count >= _seriesMax)
            {
                _overflowed();
                Counting(OverflowSeries()).Add(counter.TakeUntold());
            }
            else
            {
                _series[values] = series;
                _count++;
                counter.TakeBack();
            }
        }
    }

    private TSeries OverflowSeries() => _overflow ??= Add([.. Enumerable.Repeat(Overflow, _labels.Length)]);

    private TSeries Add(string[] values) => _series.GetOrAdd(values, _create());
}
