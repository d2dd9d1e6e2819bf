namespace Mesh.Kubernetes.Events;

/// <summary>Whether an event is news or trouble.</summary>
public enum EventKind
{
    Normal,
    Warning,
}
