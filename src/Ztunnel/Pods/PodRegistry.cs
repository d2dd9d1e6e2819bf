using Mesh.Daemon;
using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Inpod;
using Mesh.Linux.Loops;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Pods;

/// <summary>
/// Which pods this node's proxy serves: told by the node agent over ZDS, reconciled at every snapshot, retried when one could not be
/// started. Runs on one loop of its own.
/// </summary>
internal sealed class PodRegistry
{
    private const int PodsMax = 4096;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);
    private readonly ProxyContext _context;
    private readonly IReadOnlyList<Worker> _workers;
    private readonly EventLoop _loop;
    private readonly ReadinessTask _ready;
    private readonly ILogger _log;
    private readonly Dictionary<string, PodProxy> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InpodEvent.Add> _pending = new(StringComparer.Ordinal);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private readonly Counter _started;
    private readonly Counter _stopped;
    private volatile IReadOnlyCollection<PodProxy> _published = [];
    private bool _isSnapshotReceived;
    private volatile IReadOnlyCollection<PendingPod> _publishedPending = [];

    public PodRegistry(ProxyContext context, IReadOnlyList<Worker> workers, EventLoop loop, ReadinessTask ready, Metrics metrics)
    {
        (_context, _workers, _loop, _ready) = (context, workers, loop, ready);
        _log = context.Log.Scope("pods");
        _started = metrics.Counter("workload_manager_proxies_started", "Pods whose proxy was started.");
        _stopped = metrics.Counter("workload_manager_proxies_stopped", "Pods whose proxy was stopped.");
        metrics.ObserveGauge("workload_manager_active_proxy_count", "Pods being served.", () => _published.Count);
        metrics.ObserveGauge("workload_manager_pending_proxy_count", "Pods whose proxy could not be started yet.", () => _publishedPending.Count);
    }

    /// <summary>Pods being served. Any thread.</summary>
    public IReadOnlyCollection<PodProxy> Pods => _published;

    /// <summary>Pods whose proxy could not be started yet. Any thread.</summary>
    public IReadOnlyCollection<PendingPod> Pending => _publishedPending;

    /// <summary>Follows the agent until told to stop; a broken protocol is the agent's fault and ends in a new connection.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var turn = new SemaphoreSlim(1); // Events and retries take turns.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var retries = RetryPendingAsync(turn, end.Token);
        try
        {
            await FollowAgentAsync(turn, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
        finally
        {
            await end.CancelAsync();
            await retries;
        }
    }

    private async Task FollowAgentAsync(SemaphoreSlim turn, CancellationToken stop)
    {
        var client = new InpodClient(_loop, _context.Options.InpodPath)
        {
            OnFailure = problem => _log.LogWarning("{Problem}; trying on, and running pods are served on", problem),
        };
        while (true)
        {
            using var connection = await client.ConnectAsync(stop);
            _log.LogInformation("connected to the node agent at {Path}", _context.Options.InpodPath);
            await InTurnAsync(turn, ForgetPicture);
            var why = await FollowAsync(connection, turn, stop);
            await InTurnAsync(turn, () => _isSnapshotReceived = false);
            _log.LogWarning("the node agent is gone ({Why}); running pods are served on", why);
        }
    }

    private async Task<string> FollowAsync(InpodConnection connection, SemaphoreSlim turn, CancellationToken stop)
    {
        while (true)
        {
            var heard = await connection.NextAsync(stop);
            if (heard is InpodEvent.Closed closed) return closed.Why;
            await turn.WaitAsync(CancellationToken.None); // What was heard is done and answered, also at the end.
            try
            {
                var (problem, isFatal) = await HandleAsync(heard);
                if (!connection.TryReply(problem)) return "the answer could not be sent";
                if (isFatal) return problem!;
            }
            finally
            {
                Publish();
                turn.Release();
            }
        }
    }

    private async Task InTurnAsync(SemaphoreSlim turn, Action work)
    {
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            work();
            Publish();
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>A new connection begins with the whole picture.</summary>
    private void ForgetPicture()
    {
        _isSnapshotReceived = false;
        _named.Clear();
        DropPending();
    }

    private async ValueTask<(string? Problem, bool IsFatal)> HandleAsync(InpodEvent heard)
    {
        switch (heard)
        {
            case InpodEvent.Add add:
                _named.Add(add.Uid);
                return (await AddAsync(add), false);
            case InpodEvent.Keep keep:
                if (_isSnapshotReceived) return ("keep came after the snapshot", true);
                _named.Add(keep.Uid);
                return (null, false);
            case InpodEvent.Delete delete:
                _named.Remove(delete.Uid);
                DropPending(delete.Uid);
                if (_isSnapshotReceived) await StopAsync(delete.Uid);
                return (null, false);
            case InpodEvent.SnapshotSent:
                if (_isSnapshotReceived) return ("the snapshot was sent twice", true);
                _isSnapshotReceived = true;
                foreach (var uid in _running.Keys.Where(uid => !_named.Contains(uid)).ToList()) await StopAsync(uid);
                return (null, false);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Listeners are open before the answer, so an acknowledged pod can take traffic.</summary>
    private async ValueTask<string?> AddAsync(InpodEvent.Add add)
    {
        DropPending(add.Uid);
        if (_running.TryGetValue(add.Uid, out var known))
        {
            if (known.Namespace!.Identity == add.Namespace.Identity)
            {
                add.Namespace.Dispose();
                return null;
            }

            await StopAsync(add.Uid); // The sandbox was made anew.
        }

        if (_running.Count + _pending.Count >= PodsMax)
        {
            add.Namespace.Dispose();
            return $"more than {PodsMax} pods on a node";
        }

        var problem = await TryStartAsync(add);
        if (problem is not null) _pending[add.Uid] = add;
        return problem;
    }

    /// <summary>Null, or why the pod cannot be served for now: whatever the reason, the other pods go on.</summary>
    private async ValueTask<string?> TryStartAsync(InpodEvent.Add add)
    {
        var pod = new PodProxy(add.Uid, add.Info, add.Namespace, _context, _workers);
        string? problem;
        try
        {
            problem = await pod.StartAsync();
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "starting a pod's proxy failed by a fault of ours");
            problem = fault.Message;
        }

        if (problem is not null)
        {
            _log.LogWarning("pod {Namespace}/{Name} cannot be served: {Problem}", add.Info.Namespace, add.Info.Name, problem);
            return problem;
        }

        _running[add.Uid] = pod;
        _started.Increment();
        _log.LogInformation("pod {Namespace}/{Name} is served", add.Info.Namespace, add.Info.Name);
        return null;
    }

    private async ValueTask StopAsync(string uid)
    {
        if (!_running.Remove(uid, out var pod)) return;
        await pod.CutAsync(RelayEnd.Drained); // Its network is normally gone already: no grace.
        _stopped.Increment();
        _log.LogInformation("pod {Namespace}/{Name} is no longer served", pod.Info.Namespace, pod.Info.Name);
    }

    private async Task RetryPendingAsync(SemaphoreSlim turn, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(RetryInterval, _loop.Time, stop);
                if (_pending.Count == 0) continue;
                await turn.WaitAsync(stop);
                try
                {
                    foreach (var add in _pending.Values.ToList())
                    {
                        if (await TryStartAsync(add) is null) _pending.Remove(add.Uid);
                    }
                }
                finally
                {
                    Publish();
                    turn.Release();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    private void DropPending(string? uid = null)
    {
        foreach (var add in _pending.Values.Where(add => uid is null || add.Uid == uid).ToList())
        {
            add.Namespace.Dispose();
            _pending.Remove(add.Uid);
        }
    }

    private void Publish()
    {
        _published = [.. _running.Values];
        _publishedPending = [.. _pending.Values.Select(static add => new PendingPod(add.Uid, add.Info))];
        if (_isSnapshotReceived && _pending.Count == 0) _ready.Done();
        else _ready.Undone();
    }
}
