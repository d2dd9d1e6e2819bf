using Mesh.Hbone;
using Mesh.Linux.Loops;
using Mesh.Model;
using Mesh.Model.Decisions;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Reach;

/// <summary>What one worker experienced with peers' port 15008: an entry for each pod here and each peer it dialled. Loop thread only.</summary>
internal sealed class PeerTable(EventLoop loop, ReachMetrics metrics, TimeProvider time)
{
    internal const int EntriesMax = 4096;
    private readonly Dictionary<(PodProxy From, IpPort To), Entry> _entries = [];

    public int Count => _entries.Count;

    /// <summary>
    /// Notes what came of asking for a stream. Outcomes that say nothing about the way to the peer (no certificate of our own, a full pool, a
    /// tunnel that ended) are only counted; an answer of any status means that the peer was reached.
    /// </summary>
    public void Note(PodProxy from, TunnelHop hop, in TunnelConnected outcome)
    {
        metrics.Count(outcome.Failure);
        if (outcome.Failure is TunnelFailure.NoIdentity or TunnelFailure.PoolFull or TunnelFailure.Closed) return;
        if (!_entries.TryGetValue((from, hop.Dial), out var entry))
        {
            if (_entries.Count >= EntriesMax) Evict();
            _entries[(from, hop.Dial)] = entry = new Entry();
        }

        var wasBlocked = entry.IsBlocked;
        entry.Hop = hop;
        entry.LastUsed = loop.NowMilliseconds;
        if (outcome.Failure is TunnelFailure.None or TunnelFailure.Rejected)
        {
            entry.Reached++;
            entry.FailuresInRow = 0;
            entry.LastReached = entry.LastUsed;
        }
        else
        {
            entry.Failed++;
            entry.FailuresInRow++;
            entry.LastFailed = entry.LastUsed;
            (entry.Why, entry.Text) = (outcome.Failure, outcome.Detail);
        }

        if (entry.IsBlocked != wasBlocked) metrics.Blocked.Add(wasBlocked ? -1 : 1);
    }

    /// <summary>What the access log adds to a dial that timed out: since when, and how often in a row.</summary>
    public string HistoryOf(PodProxy from, IpPort to)
    {
        if (!_entries.TryGetValue((from, to), out var entry) || entry.FailuresInRow == 0) return "";
        if (entry.Reached == 0) return $", {entry.FailuresInRow} failed in a row, it never answered";
        return $", {entry.FailuresInRow} failed in a row, it last answered {(loop.NowMilliseconds - entry.LastReached) / 1000} s ago";
    }

    /// <summary>The pod is gone: nobody will ask about it.</summary>
    public void Forget(PodProxy pod)
    {
        foreach (var ((from, to), entry) in _entries)
        {
            if (ReferenceEquals(from, pod)) Remove((from, to), entry);
        }
    }

    /// <summary>Copies for the operator's page.</summary>
    public List<PeerReach> Report()
    {
        var now = time.GetUtcNow();
        var report = new List<PeerReach>(_entries.Count);
        foreach (var ((from, to), entry) in _entries)
        {
            report.Add(new PeerReach
            {
                From = $"{from.Info.Namespace}/{from.Info.Name}",
                Address = to,
                Peer = $"{entry.Hop.Peer.Namespace}/{entry.Hop.Peer.Name}",
                Node = entry.Hop.Peer.Node,
                Reached = entry.Reached,
                Failed = entry.Failed,
                FailuresInRow = entry.FailuresInRow,
                LastReached = entry.Reached == 0 ? null : now - TimeSpan.FromMilliseconds(loop.NowMilliseconds - entry.LastReached),
                LastFailed = entry.Failed == 0 ? null : now - TimeSpan.FromMilliseconds(loop.NowMilliseconds - entry.LastFailed),
                LastFailure = entry.Why,
                LastFailureText = entry.Text,
            });
        }

        return report;
    }

    /// <summary>A quarter goes, of those that were dialled longest ago, so that it is rarely done.</summary>
    private void Evict()
    {
        var uses = new long[_entries.Count];
        var at = 0;
        foreach (var entry in _entries.Values) uses[at++] = entry.LastUsed;
        Array.Sort(uses);
        var oldest = uses[uses.Length / 4];
        foreach (var (key, entry) in _entries)
        {
            if (entry.LastUsed <= oldest) Remove(key, entry);
        }
    }

    private void Remove((PodProxy From, IpPort To) key, Entry entry)
    {
        if (entry.IsBlocked) metrics.Blocked.Add(-1);
        _entries.Remove(key);
    }

    private sealed class Entry
    {
        public TunnelHop Hop = null!;
        public long Reached;
        public long Failed;
        public int FailuresInRow;
        public long LastReached;
        public long LastFailed;
        public long LastUsed;
        public TunnelFailure Why;
        public string Text = "";

        public bool IsBlocked => FailuresInRow > 0 && Why == TunnelFailure.DialTimeout;
    }
}
