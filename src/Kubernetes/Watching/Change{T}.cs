namespace Mesh.Kubernetes.Watching;

/// <summary>
/// What became of one object since the subscriber last heard of it. Old is null when it is new to the subscriber; New is null when
/// it is gone.
/// </summary>
public readonly record struct Change<T>(ObjectKey Key, T? Old, T? New)
    where T : class, IKubernetesObject
{
    public ChangeKind Kind => Old is null ? ChangeKind.Added : New is null ? ChangeKind.Deleted : ChangeKind.Modified;

    /// <summary>The object as it is, or as it last was.</summary>
    public T Object => New ?? Old ?? throw new InvalidOperationException("A change without an object.");
}
