namespace Mesh.Operator.Api;

/// <summary>What all parts of the mesh agree on.</summary>
internal sealed record MeshSpec
{
    public string TrustDomain { get => field ?? "cluster.local"; init; }

    public string ClusterName { get => field ?? "Kubernetes"; init; }

    public string Network { get => field ?? ""; init; }
}
