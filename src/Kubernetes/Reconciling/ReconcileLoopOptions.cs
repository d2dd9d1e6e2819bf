namespace Mesh.Kubernetes.Reconciling;

/// <summary>The knobs of a reconcile loop.</summary>
public sealed record ReconcileLoopOptions
{
    /// <summary>Different objects at once; the same object is never worked on twice at once.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>Every object is looked at this often even if nothing changed; zero turns it off.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(10);

    public WorkQueueOptions Queue { get; init; } = new();
}
