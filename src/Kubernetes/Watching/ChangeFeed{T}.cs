namespace Mesh.Kubernetes.Watching;

/// <summary>
/// One subscriber's view of an informer: the changes it has not taken yet, at most one per object (later ones merge into it),
/// in the order in which objects first changed. When it is full the informer waits, so nothing is ever lost. One reader.
/// </summary>
public sealed class ChangeFeed<T> : IDisposable
    where T : class, IKubernetesObject
{
    public const int DefaultCapacity = 1 << 16;

    private readonly Lock _guard = new();
    private readonly Dictionary<ObjectKey, Change<T>> _pending = [];
    private readonly Queue<ObjectKey> _order = new();
    private readonly SemaphoreSlim _filled = new(0, 1);
    private readonly SemaphoreSlim _drained = new(0, 1);
    private readonly int _capacity;
    private readonly Action<ChangeFeed<T>> _leave;
    private bool _closed;

    internal ChangeFeed(int capacity, Action<ChangeFeed<T>> leave)
    {
        _capacity = capacity;
        _leave = leave;
    }

    /// <summary>Changes that wait to be taken.</summary>
    public int Depth
    {
        get
        {
            lock (_guard) return _pending.Count;
        }
    }

    /// <summary>Takes the oldest change, waiting for one if need be.</summary>
    public async ValueTask<Change<T>> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            if (TryRead(out var change)) return change;
            await _filled.WaitAsync(stop);
        }
    }

    /// <summary>Waits until <see cref="TryRead"/> has something to give.</summary>
    public async ValueTask WaitToReadAsync(CancellationToken stop)
    {
        while (Depth == 0) await _filled.WaitAsync(stop);
    }

    public bool TryRead(out Change<T> change)
    {
        lock (_guard)
        {
            while (_order.TryDequeue(out var key))
            {
                if (!_pending.Remove(key, out change)) continue; // Added and deleted before anybody looked.
                if (_pending.Count < _capacity && _drained.CurrentCount == 0) _drained.Release();
                return true;
            }
        }

        change = default;
        return false;
    }

    /// <summary>Unsubscribes.</summary>
    public void Dispose()
    {
        lock (_guard)
        {
            if (_closed) return;
            _closed = true;
            _pending.Clear();
            _order.Clear();
            if (_drained.CurrentCount == 0) _drained.Release();
        }

        _leave(this);
    }

    internal bool IsFull
    {
        get
        {
            lock (_guard) return !_closed && _pending.Count >= _capacity;
        }
    }

    internal async Task WaitForRoomAsync(CancellationToken stop)
    {
        while (IsFull) await _drained.WaitAsync(stop);
    }

    internal void Offer(Change<T> change)
    {
        lock (_guard)
        {
            if (_closed) return;
            if (_pending.TryGetValue(change.Key, out var waiting))
            {
                var merged = waiting with { New = change.New };
                if (merged.Old is null && merged.New is null) Forget(change.Key);
                else _pending[change.Key] = merged;
                return;
            }

            _pending.Add(change.Key, change);
            _order.Enqueue(change.Key);
            if (_filled.CurrentCount == 0) _filled.Release();
        }
    }

    /// <summary>Places in the order, taken-back ones included.</summary>
    internal int OrderLength
    {
        get
        {
            lock (_guard) return _order.Count;
        }
    }

    // Its place in the order stays behind; compact before many such places pile up.
    private void Forget(ObjectKey key)
    {
        _pending.Remove(key);
        const int slack = 64;
        if (_order.Count <= (2 * _pending.Count) + slack) return;
        var kept = _order.Where(_pending.ContainsKey).Distinct().ToArray();
        _order.Clear();
        foreach (var one in kept) _order.Enqueue(one);
    }
}
