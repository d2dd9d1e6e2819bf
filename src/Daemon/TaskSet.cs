using Microsoft.Extensions.Logging;

namespace Mesh.Daemon;

/// <summary>
/// The running work of one owner, who awaits all of it before it returns; a fault is logged once. Any thread. Work without which the
/// owner is no good is added with <see cref="AddVital"/>: when it fails, or ends before anybody told it to, the owner is told to end.
/// </summary>
public sealed class TaskSet(ILogger log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];
    private volatile string? _failure;

    public int Count
    {
        get { lock (_gate) return _running.Count; }
    }

    /// <summary>The vital work that failed first; null while all is well.</summary>
    public string? Failure => _failure;

    /// <summary>Takes a started task over; it is forgotten when it ends.</summary>
    public void Add(Task work) => Watch(work, name: null, owner: null);

    /// <summary>As <see cref="Add"/>, but its fault or early end cancels <paramref name="owner"/>, and <see cref="Failure"/> says what it was.</summary>
    public void AddVital(string name, Task work, CancellationTokenSource owner) => Watch(work, name, owner);

    /// <summary>Ends when all work has ended, including what is added meanwhile.</summary>
    public async Task WhenAllAsync()
    {
        while (true)
        {
            Task[] running;
            lock (_gate) running = [.. _running];
            if (running.Length == 0) return;
            await Task.WhenAll(running);
        }
    }

    private void Watch(Task work, string? name, CancellationTokenSource? owner)
    {
        var watched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _running.Add(watched.Task);
        _ = WatchAsync(work, watched, name, owner);
    }

    private async Task WatchAsync(Task work, TaskCompletionSource watched, string? name, CancellationTokenSource? owner)
    {
        try
        {
            await work;
            if (owner is { IsCancellationRequested: false }) log.LogError("{Work} ended although nobody told it to", name);
        }
        catch (OperationCanceledException) when (owner is null or { IsCancellationRequested: true })
        {
            // Told to stop: the ordinary way out.
        }
        catch (Exception fault)
        {
            log.LogError(fault, "a background task failed{Work}", name is null ? "" : ": " + name);
        }
        if (owner is { IsCancellationRequested: false })
        {
            _failure ??= name;
            await CancelAsync(owner);
        }
        lock (_gate) _running.Remove(watched.Task);
        watched.SetResult();
    }

    private async Task CancelAsync(CancellationTokenSource owner)
    {
        try
        {
            await owner.CancelAsync();
        }
        catch (Exception fault) // What callbacks of the token throw must not leave this work counted as running.
        {
            log.LogError(fault, "telling the others to stop failed");
        }
    }
}
