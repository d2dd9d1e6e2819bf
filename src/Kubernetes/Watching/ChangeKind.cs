namespace Mesh.Kubernetes.Watching;

/// <summary>The three things that can happen to an object.</summary>
public enum ChangeKind
{
    Added,
    Modified,
    Deleted,
}
