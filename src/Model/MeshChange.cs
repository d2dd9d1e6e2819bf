namespace Mesh.Model;

/// <summary>One thing that became different in the mesh; a closed set.</summary>
public abstract record MeshChange
{
    private MeshChange()
    {
    }

    public sealed record WorkloadSet(Workload Workload) : MeshChange;

    public sealed record ServiceSet(Service Service) : MeshChange;

    public sealed record PolicySet(AuthorizationPolicy Policy) : MeshChange;

    /// <summary>A workload (by uid) or a service (by <c>namespace/hostname</c>) is gone; uids are tried first.</summary>
    public sealed record AddressRemoved(string Name) : MeshChange;

    /// <summary>A policy (by <c>namespace/name</c>) is gone.</summary>
    public sealed record PolicyRemoved(string Key) : MeshChange;
}
