using Microsoft.Extensions.Logging;

namespace Mesh.Daemon;

/// <summary>The running work of one owner, who awaits all of it before it returns; a fault is logged once. Any thread.</summary>
public sealed class TaskSet(ILogger log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];

    public int Count
    {
        get { lock (_gate) return _running.Count; }
    }

    /// <summary>Takes a started task over; it is forgotten when it ends.</summary>
    public void Add(Task work)
    {
        var watched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _running.Add(watched.Task);
        _ = WatchAsync(work, watched);
    }

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

    private async Task WatchAsync(Task work, TaskCompletionSource watched)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // Told to stop: the ordinary way out.
        }
        catch (Exception fault)
        {
            log.LogError(fault, "a background task failed");
        }
        lock (_gate) _running.Remove(watched.Task);
        watched.SetResult();
    }
}
