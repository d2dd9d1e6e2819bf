using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Feed;

/// <summary>The snapshot that holds now. Read from any thread; replaced by the feed only, which then tells the listeners on its own thread.</summary>
internal sealed class MeshView(MeshSnapshot first)
{
    private readonly Lock _gate = new();
    private MeshSnapshot _current = first;
    private Action<MeshSnapshot>[] _listeners = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MeshSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Completes at the next replacement. Take it before looking at <see cref="Current"/>, or a change may be missed.</summary>
    public Task NextChange
    {
        get
        {
            lock (_gate) return _changed.Task;
        }
    }

    /// <summary>Calls after every replacement, for the life of the program.</summary>
    public void Listen(Action<MeshSnapshot> listener)
    {
        lock (_gate) _listeners = [.. _listeners, listener];
    }

    public void Replace(MeshSnapshot snapshot)
    {
        TaskCompletionSource changed;
        Action<MeshSnapshot>[] listeners;
        lock (_gate)
        {
            if (ReferenceEquals(snapshot, _current)) return;
            Volatile.Write(ref _current, snapshot);
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            listeners = _listeners;
        }

        changed.SetResult();
        foreach (var listener in listeners) listener(snapshot);
    }
}
