using System.Text.Json.Nodes;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Reconciling;

/// <summary>
/// Calls a reconciler whenever its object or something that belongs to it changed. Owns the queue and the workers; the
/// informers are run by their owner. Configure it with <see cref="Owns"/>, <see cref="Watches"/> and a finalizer before it runs.
/// </summary>
public sealed class ReconcileLoop<T> : IDisposable
    where T : class, IKubernetesObject
{
    private readonly KubernetesClient _client;
    private readonly ResourceType<T> _type;
    private readonly Informer<T> _informer;
    private readonly IReconciler _reconciler;
    private readonly IFinalizer<T>? _finalizer;
    private readonly ReconcileLoopOptions _options;
    private readonly List<Func<CancellationToken, Task>> _sources = [];
    private readonly List<IInformer> _informers;
    private long _done;
    private long _again;
    private long _failed;
    private long _gaveUp;

    public ReconcileLoop(
        KubernetesClient client,
        ResourceType<T> type,
        Informer<T> informer,
        IReconciler reconciler,
        IFinalizer<T>? finalizer = null,
        ReconcileLoopOptions? options = null)
    {
        _client = client;
        _type = type;
        _informer = informer;
        _reconciler = reconciler;
        _finalizer = finalizer;
        _options = options ?? new ReconcileLoopOptions();
        _informers = [informer];
        Queue = new WorkQueue(_options.Queue, client.Time, new Random(client.NextSeed()));
        _sources.Add(stop => FollowAsync(informer, static change => [change.Key], stop));
    }

    public WorkQueue Queue { get; }

    public long DoneTotal => Volatile.Read(ref _done);

    public long AgainTotal => Volatile.Read(ref _again);

    public long FailedTotal => Volatile.Read(ref _failed);

    public long GaveUpTotal => Volatile.Read(ref _gaveUp);

    /// <summary>Children of this kind wake the owner that controls them.</summary>
    public ReconcileLoop<T> Owns<TChild>(Informer<TChild> children)
        where TChild : class, IKubernetesObject => Watches(children, change => OwnersOf(change.Old, change.New));

    /// <summary>Changes of another kind wake whatever keys the mapping names.</summary>
    public ReconcileLoop<T> Watches<TOther>(Informer<TOther> others, Func<Change<TOther>, IEnumerable<ObjectKey>> keysOf)
        where TOther : class, IKubernetesObject
    {
        _informers.Add(others);
        _sources.Add(stop => FollowAsync(others, keysOf, stop));
        return this;
    }

    /// <summary>Runs until told to stop, and returns when no reconcile is under way any more.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            // A reconcile before all kinds are known would take what it cannot see for missing.
            foreach (var informer in _informers) await informer.WaitForSyncAsync(stop);
            using var broken = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var tasks = new List<Task>();
            foreach (var source in _sources) tasks.Add(source(broken.Token));
            if (_options.Resync > TimeSpan.Zero) tasks.Add(ResyncAsync(broken.Token));
            for (var i = 0; i < Math.Max(1, _options.Workers); i++) tasks.Add(WorkAsync(broken.Token));
            await Task.WhenAny(tasks); // Only a stop or a bug ends one; either way all of them end.
            await broken.CancelAsync();
            await Task.WhenAll(tasks);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    public void Dispose() => Queue.Dispose();

    private async Task FollowAsync<TAny>(Informer<TAny> informer, Func<Change<TAny>, IEnumerable<ObjectKey>> keysOf, CancellationToken stop)
        where TAny : class, IKubernetesObject
    {
        using var feed = informer.Subscribe();
        while (true)
        {
            var change = await feed.ReadAsync(stop);
            foreach (var key in keysOf(change)) Add(key);
        }
    }

    private async Task ResyncAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(_options.Resync, _client.Time, stop);
            foreach (var value in _informer.Lister.List()) Add(value.Metadata.Key);
        }
    }

    private async Task WorkAsync(CancellationToken stop)
    {
        while (true)
        {
            var key = await Queue.TakeAsync(stop);
            try
            {
                Settle(key, await ReconcileAsync(key, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception problem)
            {
                _client.Logger.ReconcileThrew(problem, _type, key, Queue.Retry(key));
                Interlocked.Increment(ref _failed);
            }
            finally
            {
                Queue.Complete(key);
            }
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop)
    {
        if (_finalizer is null || _informer.Lister.Find(key) is not { } value) return await _reconciler.ReconcileAsync(key, stop);

        var marked = value.Metadata.Finalizers.Contains(_finalizer.Name);
        if (!value.Metadata.IsBeingDeleted)
        {
            // The mark comes before the first act, or a quick delete would leave what that act made.
            string[] wanted = [.. value.Metadata.Finalizers, _finalizer.Name];
            if (!marked && await SetFinalizersAsync(value, wanted, stop) is { } refused) return refused;
            return await _reconciler.ReconcileAsync(key, stop);
        }

        if (!marked) return await _reconciler.ReconcileAsync(key, stop); // Others still hold it; status may still matter.
        var result = await _finalizer.FinalizeAsync(value, stop);
        if (result is not ReconcileResult.Finished) return result;
        return await SetFinalizersAsync(value, [.. value.Metadata.Finalizers.Where(name => name != _finalizer.Name)], stop) ?? result;
    }

    // The resource version makes the server refuse a list that is no longer the present one. Null means it is written.
    private async Task<ReconcileResult?> SetFinalizersAsync(T value, string[] finalizers, CancellationToken stop)
    {
        var names = new JsonArray();
        foreach (var name in finalizers) names.Add((JsonNode)name);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = value.Metadata.ResourceVersion, ["finalizers"] = names },
        };
        var result = await _client.TryPatchAsync(_type, value.Metadata.Key, PatchKind.Merge, patch, WriteOptions.Default, stop);
        return result.Error switch
        {
            null => null,
            { Reason: ApiErrorReason.NotFound } => ReconcileResult.Done,
            { } error => ReconcileResult.Failed($"finalizer {_finalizer!.Name}: {error}"),
        };
    }

    private void Settle(ObjectKey key, ReconcileResult result)
    {
        switch (result)
        {
            case ReconcileResult.Finished:
                Queue.Forget(key);
                Interlocked.Increment(ref _done);
                break;
            case ReconcileResult.Again again:
                Queue.Forget(key);
                if (!Queue.TryAddAfter(key, again.Delay)) _client.Logger.QueueFull(_type, key);
                Interlocked.Increment(ref _again);
                break;
            case ReconcileResult.Failure failure:
                _client.Logger.ReconcileFailed(_type, key, Queue.Retry(key), failure.Problem);
                Interlocked.Increment(ref _failed);
                break;
            case ReconcileResult.Hopeless hopeless:
                Queue.Forget(key);
                _client.Logger.ReconcileGaveUp(_type, key, hopeless.Problem);
                Interlocked.Increment(ref _gaveUp);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Add(ObjectKey key)
    {
        if (!Queue.TryAdd(key)) _client.Logger.QueueFull(_type, key);
    }

    private IEnumerable<ObjectKey> OwnersOf(IKubernetesObject? old, IKubernetesObject? now)
    {
        var before = OwnerOf(old);
        var after = OwnerOf(now);
        if (before is { } one) yield return one;
        if (after is { } other && other != before) yield return other;
    }

    private ObjectKey? OwnerOf(IKubernetesObject? child)
    {
        if (child?.Metadata.FindController() is not { } owner || owner.Kind != _type.Kind) return null;
        var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : owner.ApiVersion[..slash];
        if (group != _type.Group) return null;
        return new ObjectKey(_type.Namespaced ? child.Metadata.Namespace : "", owner.Name);
    }
}
