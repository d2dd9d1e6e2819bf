namespace Mesh.Kubernetes.Reconciling;

/// <summary>Whose a lease is.</summary>
internal enum LeaseStanding
{
    Free,
    Mine,
    Held,
    RunOut,
}
