namespace Mesh.Kubernetes;

/// <summary>What the garbage collector does with the children of a deleted object.</summary>
public enum DeletePropagation
{
    Background,
    Foreground,
    Orphan,
}
