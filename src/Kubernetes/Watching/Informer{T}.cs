using System.Collections.Immutable;
using Mesh.Daemon;

namespace Mesh.Kubernetes.Watching;

/// <summary>
/// Keeps a copy of all objects of a kind: list, watch, resume where the watch ended, list again when the server has
/// forgotten that place. One loop (<see cref="RunAsync"/>) writes; everybody reads the <see cref="Lister"/> or subscribes.
/// </summary>
public sealed class Informer<T> : IInformer
    where T : class, IKubernetesObject
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private const double PauseJitter = 0.5; // Every node has an agent: spread them well after the server restarts.
    private static readonly TimeSpan HealthyWatch = TimeSpan.FromSeconds(10);

    private readonly KubernetesClient _client;
    private readonly ResourceType<T> _type;
    private readonly InformerOptions<T> _options;
    private readonly Backoff _pause;
    private readonly Lock _writing = new(); // Store and feeds change together, so that a new subscriber misses and repeats nothing.
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImmutableArray<ChangeFeed<T>> _feeds = [];
    private long _relists;
    private long _watches;
    private long _events;
    private long _failures;
    private long _unreadable;

    public Informer(KubernetesClient client, ResourceType<T> type, InformerOptions<T>? options = null)
    {
        _client = client;
        _type = type;
        _options = options ?? InformerOptions<T>.Default;
        _pause = new Backoff(FirstPause, LongestPause, new Random(client.NextSeed()), jitter: PauseJitter);
        Lister = new Lister<T>(_options.Indexes);
    }

    public Lister<T> Lister { get; }

    public ResourceType ResourceType => _type;

    public bool HasSynced => _synced.Task.IsCompleted;

    public long Relists => Volatile.Read(ref _relists);

    public long WatchRestarts => Math.Max(0, Volatile.Read(ref _watches) - 1);

    public long EventsRead => Volatile.Read(ref _events);

    public long Failures => Volatile.Read(ref _failures);

    public long Unreadable => Volatile.Read(ref _unreadable);

    public int Count => Lister.Count;

    private enum WatchEnd
    {
        /// <summary>In order: resume at once.</summary>
        Closed,
        Failed,
        /// <summary>The place to resume from is gone.</summary>
        Expired,
    }

    public Task WaitForSyncAsync(CancellationToken stop) => _synced.Task.WaitAsync(stop);

    /// <summary>A feed that begins with everything already known. Dispose it to leave.</summary>
    public ChangeFeed<T> Subscribe(int capacity = ChangeFeed<T>.DefaultCapacity)
    {
        var feed = new ChangeFeed<T>(capacity, Leave);
        lock (_writing)
        {
            foreach (var known in Lister.List()) feed.Offer(new Change<T>(known.Metadata.Key, null, known));
            _feeds = _feeds.Add(feed);
        }

        return feed;
    }

    /// <summary>Follows the server until told to stop; trouble is logged, counted and retried with growing pauses.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        string? resumeFrom = null;
        try
        {
            while (true)
            {
                resumeFrom ??= await ListAsync(stop);
                if (resumeFrom is null)
                {
                    await _pause.WaitAsync(_client.Time, stop);
                    continue;
                }

                var (end, reached) = await WatchAsync(resumeFrom, stop);
                resumeFrom = end == WatchEnd.Expired ? null : reached;
                if (end == WatchEnd.Closed) continue;
                await _pause.WaitAsync(_client.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    private async Task<string?> ListAsync(CancellationToken stop)
    {
        var result = await _client.TryListAsync(_type, _options.Which, stop);
        if (!result.IsSuccess)
        {
            Fail("list", result.Error);
            return null;
        }

        Interlocked.Increment(ref _relists);
        foreach (var odd in result.Value.Unreadable) Report(odd);
        Replace(result.Value);
        await WaitForSubscribersAsync(stop);
        if (_synced.TrySetResult()) _client.Logger.InformerSynced(_type, Lister.Count);
        return result.Value.ResourceVersion;
    }

    private async Task<(WatchEnd End, string Reached)> WatchAsync(string from, CancellationToken stop)
    {
        var opened = _client.Time.GetTimestamp();
        var result = await _client.TryWatchAsync(_type, _options.Which, from, stop);
        Interlocked.Increment(ref _watches);
        if (!result.IsSuccess)
        {
            Fail("watch", result.Error);
            return (result.Error.Reason == ApiErrorReason.Expired ? WatchEnd.Expired : WatchEnd.Failed, from);
        }

        await using var watch = result.Value;
        var reached = from;
        while (true)
        {
            var said = await watch.ReadAsync(stop);
            if (said.Type is WatchEventType.Closed or WatchEventType.Error)
            {
                var healthy = _client.Time.GetElapsedTime(opened) >= HealthyWatch;
                if (healthy || reached != from) _pause.Reset();
                if (said.Error is null) return (healthy || reached != from ? WatchEnd.Closed : WatchEnd.Failed, reached);
                Fail("watch", said.Error);
                return (said.Error.Reason == ApiErrorReason.Expired ? WatchEnd.Expired : WatchEnd.Failed, reached);
            }

            Interlocked.Increment(ref _events);
            Take(said);
            if (!string.IsNullOrEmpty(said.ResourceVersion)) reached = said.ResourceVersion;
            await WaitForSubscribersAsync(stop);
        }
    }

    private void Take(WatchEvent<T> said)
    {
        if (said.Unreadable is { } odd) Report(odd);
        switch (said.Type)
        {
            case WatchEventType.Added or WatchEventType.Modified when said.Object is { } now:
                Put(now);
                break;
            case WatchEventType.Deleted when said.Object is { } last:
                Remove(last.Metadata.Key, last);
                break;
            case WatchEventType.Deleted when said.Unreadable is { } gone:
                Remove(gone.Key, last: null);
                break;
            default:
                break; // A bookmark, or an object of which we keep the last readable state.
        }
    }

    private void Put(T now)
    {
        if (_options.Slim is { } slim) now = slim(now);
        lock (_writing)
        {
            var old = Lister.Put(now);
            if (old is null || old.Metadata.ResourceVersion != now.Metadata.ResourceVersion)
                Publish(new Change<T>(now.Metadata.Key, old, now));
        }
    }

    private void Remove(ObjectKey key, T? last)
    {
        lock (_writing)
        {
            if (Lister.Remove(key) is { } known) Publish(new Change<T>(key, last ?? known, null));
        }
    }

    // A relist keeps the instances that did not change, tells what did, and finds what vanished meanwhile.
    private void Replace(ObjectList<T> list)
    {
        var listed = new HashSet<ObjectKey>(list.Items.Count);
        foreach (var odd in list.Unreadable) listed.Add(odd.Key); // There, though not understood: keep what we knew.
        foreach (var item in list.Items)
        {
            var key = item.Metadata.Key;
            listed.Add(key);
            var known = Lister.Find(key);
            if (known is null || known.Metadata.ResourceVersion != item.Metadata.ResourceVersion || known.Metadata.Uid != item.Metadata.Uid)
                Put(item);
        }

        foreach (var known in Lister.List())
        {
            if (!listed.Contains(known.Metadata.Key)) Remove(known.Metadata.Key, known);
        }
    }

    private void Publish(Change<T> change)
    {
        foreach (var feed in _feeds) feed.Offer(change);
    }

    private async ValueTask WaitForSubscribersAsync(CancellationToken stop)
    {
        foreach (var feed in _feeds)
        {
            if (!feed.IsFull) continue;
            _client.Logger.SubscriberIsSlow(_type, feed.Depth);
            await feed.WaitForRoomAsync(stop);
        }
    }

    private void Leave(ChangeFeed<T> feed)
    {
        lock (_writing) _feeds = _feeds.Remove(feed);
    }

    private void Fail(string what, ApiError error)
    {
        Interlocked.Increment(ref _failures);
        _client.Logger.InformerFailed(what, _type, error);
    }

    private void Report(UnreadableObject odd)
    {
        Interlocked.Increment(ref _unreadable);
        _client.Logger.ObjectUnreadable(_type, odd.Key, odd.ResourceVersion, odd.Problem);
    }
}
