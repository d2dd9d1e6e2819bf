using System.Diagnostics.CodeAnalysis;

namespace Mesh.Kubernetes.Reconciling;

/// <summary>
/// Keys that want attention. A key waits at most once; a key added while it is worked on comes back when that is complete,
/// so no two workers hold the same one. Failed keys return after pauses that double per key, under one rate for all. Thread-safe.
/// </summary>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "It is a queue.")]
public sealed class WorkQueue : IDisposable
{
    private readonly WorkQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Lock _guard = new();
    private readonly Queue<ObjectKey> _ready = new();
    private readonly HashSet<ObjectKey> _wanted = [];       // In _ready, or to be put there on completion.
    private readonly HashSet<ObjectKey> _working = [];
    private readonly Dictionary<ObjectKey, int> _failures = [];
    private readonly PriorityQueue<ObjectKey, long> _later = new();
    private readonly Dictionary<ObjectKey, long> _laterAt = []; // The earliest time per key; other entries of _later are stale.
    private readonly SemaphoreSlim _available = new(0);
    private readonly ITimer _timer;
    private double _retryTokens;
    private long _tokensAt;
    private long _rejected;

    public WorkQueue(WorkQueueOptions options, TimeProvider time, Random random)
    {
        _options = options;
        _time = time;
        _random = random;
        _retryTokens = options.RetryBurst;
        _tokensAt = time.GetTimestamp();
        _timer = time.CreateTimer(static queue => ((WorkQueue)queue!).MoveDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys that wait for a worker now.</summary>
    public int Depth
    {
        get
        {
            lock (_guard) return _ready.Count;
        }
    }

    /// <summary>Keys that wait for their time.</summary>
    public int Delayed
    {
        get
        {
            lock (_guard) return _laterAt.Count;
        }
    }

    /// <summary>Entries of the timetable, replaced ones included.</summary>
    internal int LaterLength
    {
        get
        {
            lock (_guard) return _later.Count;
        }
    }

    /// <summary>Keys refused because the queue was full.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>False when the queue is full.</summary>
    public bool TryAdd(ObjectKey key)
    {
        lock (_guard) return AddLocked(key);
    }

    /// <summary>Adds the key later; of several times the earliest counts.</summary>
    public bool TryAddAfter(ObjectKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero) return TryAdd(key);
        lock (_guard)
        {
            var at = _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
            if (_laterAt.TryGetValue(key, out var known))
            {
                if (known <= at) return true;
            }
            else if (_laterAt.Count >= _options.Capacity)
            {
                _rejected++;
                return false;
            }

            _laterAt[key] = at;
            _later.Enqueue(key, at);
            CompactLater();
            SetTimer();
            return true;
        }
    }

    /// <summary>Adds the key after the pause that its failures in a row and the overall rate ask for; tells that pause.</summary>
    public TimeSpan Retry(ObjectKey key)
    {
        TimeSpan pause;
        lock (_guard)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            pause = PauseAfter(failures);
            var turn = TakeRetryToken();
            if (turn > pause) pause = turn;
        }

        if (!TryAddAfter(key, pause)) Forget(key);
        return pause;
    }

    /// <summary>The key succeeded: its next failure starts with the shortest pause.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_guard) _failures.Remove(key);
    }

    /// <summary>Takes the next key; <see cref="Complete"/> must follow.</summary>
    public async ValueTask<ObjectKey> TakeAsync(CancellationToken stop)
    {
        while (true)
        {
            await _available.WaitAsync(stop);
            lock (_guard)
            {
                if (!_ready.TryDequeue(out var key)) continue;
                _wanted.Remove(key);
                _working.Add(key);
                return key;
            }
        }
    }

    public void Complete(ObjectKey key)
    {
        lock (_guard)
        {
            _working.Remove(key);
            if (!_wanted.Contains(key)) return;
            _ready.Enqueue(key);
            _available.Release();
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _available.Dispose();
    }

    private bool AddLocked(ObjectKey key)
    {
        if (_wanted.Contains(key)) return true;
        if (_wanted.Count >= _options.Capacity)
        {
            _rejected++;
            return false;
        }

        _wanted.Add(key);
        if (_working.Contains(key)) return true;
        _ready.Enqueue(key);
        _available.Release();
        return true;
    }

    private void MoveDue()
    {
        lock (_guard)
        {
            var now = _time.GetTimestamp();
            while (_later.TryPeek(out var key, out var at) && at <= now)
            {
                _later.Dequeue();
                if (!_laterAt.TryGetValue(key, out var wanted) || wanted != at) continue; // Replaced by an earlier time.
                _laterAt.Remove(key);
                AddLocked(key);
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (!_later.TryPeek(out _, out var at)) return;
        var ticks = Math.Max(0, at - _time.GetTimestamp());
        // Rounded up: a timer that rings a moment early would only ring again.
        var milliseconds = Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency);
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private void CompactLater()
    {
        const int slack = 64;
        if (_later.Count <= (2 * _laterAt.Count) + slack) return;
        _later.Clear();
        foreach (var (key, at) in _laterAt) _later.Enqueue(key, at);
    }

    // Doubles with each failure in a row; half of it is chance, so that keys that failed together do not return together.
    private TimeSpan PauseAfter(int failures)
    {
        const int doublingsMax = 30;
        var doubled = _options.FirstRetry.TotalMilliseconds * Math.Pow(2, Math.Min(failures, doublingsMax));
        var whole = Math.Min(_options.LongestRetry.TotalMilliseconds, doubled);
        return TimeSpan.FromMilliseconds(whole * (1 - (_random.NextDouble() / 2)));
    }

    // Zero while the burst lasts, then each retry waits for its turn.
    private TimeSpan TakeRetryToken()
    {
        var now = _time.GetTimestamp();
        var earned = _time.GetElapsedTime(_tokensAt, now).TotalSeconds * _options.RetriesPerSecond;
        _retryTokens = Math.Min(_options.RetryBurst, _retryTokens + earned) - 1;
        _tokensAt = now;
        return _retryTokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_retryTokens / _options.RetriesPerSecond);
    }
}
