namespace Mesh.ControlPlane.Translate;

/// <summary>What translation needs to know about the mesh as a whole. Immutable.</summary>
internal sealed record MeshSettings
{
    public string ClusterId { get; init; } = "Kubernetes";
    public string TrustDomain { get; init; } = "cluster.local";
    public string DnsSuffix { get; init; } = "cluster.local";
    /// <summary>Policies in this namespace hold in all.</summary>
    public string RootNamespace { get; init; } = "istio-system";
    /// <summary>Where the control plane runs; its label names the cluster's network.</summary>
    public string SystemNamespace { get; init; } = "istio-system";
    public string Revision { get; init; } = "default";
    /// <summary>Send policies that are only to be logged, with their mark; old ztunnels would enforce them.</summary>
    public bool DryRunPolicies { get; init; }
}
