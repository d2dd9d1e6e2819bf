namespace Mesh.Kubernetes.Reconciling;

/// <summary>Cleans up outside the cluster's own garbage collection before an object goes; the loop adds and removes the mark.</summary>
public interface IFinalizer<in T>
    where T : class, IKubernetesObject
{
    /// <summary>A qualified name such as <c>install.mesh.dev/uninstall</c>.</summary>
    string Name { get; }

    /// <summary>Done lets the object go; anything else keeps it and asks again.</summary>
    Task<ReconcileResult> FinalizeAsync(T value, CancellationToken stop);
}
