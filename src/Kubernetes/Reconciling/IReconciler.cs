namespace Mesh.Kubernetes.Reconciling;

/// <summary>
/// Brings the world in line with one object. Level-based: the call says only that something may have changed; read the
/// present state, act, and make a second call change nothing. Never called twice at once for the same key.
/// </summary>
public interface IReconciler
{
    Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop);
}
