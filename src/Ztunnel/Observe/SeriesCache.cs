namespace Mesh.Ztunnel.Observe;

/// <summary>Resolved series of one worker, so that a connection costs one lookup instead of building its labels. One thread.</summary>
internal sealed class SeriesCache(ConnectionMetrics metrics)
{
    private const int EntriesMax = 4096;
    private readonly Dictionary<SeriesKey, ConnectionSeries> _known = [];
    private long _evictions;

    public ConnectionSeries Find(in SeriesKey key)
    {
        if (metrics.Evictions is var evictions && evictions != _evictions)
        {
            _evictions = evictions;
            _known.Clear(); // Who had to share the overflow may have a place of its own now.
        }

        if (_known.TryGetValue(key, out var series)) return series;
        if (_known.Count >= EntriesMax) _known.Clear(); // Also lets go of workloads that are gone.
        return _known[key] = metrics.Resolve(key);
    }
}
