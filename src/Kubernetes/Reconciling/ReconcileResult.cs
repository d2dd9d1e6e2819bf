namespace Mesh.Kubernetes.Reconciling;

/// <summary>How a reconcile ended and when to look again.</summary>
public abstract record ReconcileResult
{
    private ReconcileResult()
    {
    }

    /// <summary>Nothing to do until something changes.</summary>
    public static readonly ReconcileResult Done = new Finished();

    /// <summary>Fine so far; look again later even if nothing changes.</summary>
    public static ReconcileResult After(TimeSpan delay) => new Again(delay);

    /// <summary>It did not work; try again with growing pauses.</summary>
    public static ReconcileResult Failed(string problem) => new Failure(problem);

    /// <summary>It cannot work until somebody edits something: no retry.</summary>
    public static ReconcileResult GaveUp(string problem) => new Hopeless(problem);

    public sealed record Finished : ReconcileResult;

    public sealed record Again(TimeSpan Delay) : ReconcileResult;

    public sealed record Failure(string Problem) : ReconcileResult;

    public sealed record Hopeless(string Problem) : ReconcileResult;
}
