namespace Mesh.Operator.Api;

/// <summary>What the defaults, the profile and the cluster made of the spec. Immutable fields are held against what stands here.</summary>
internal sealed record ResolvedStatus
{
    public string? Namespace { get; init; }

    public string? NodeNamespace { get; init; }

    public string? TrustDomain { get; init; }

    public string? ClusterName { get; init; }

    public string? CniBinDir { get; init; }

    public string? CniConfDir { get; init; }

    public string? KubernetesVersion { get; init; }

    public int? ControlPlaneReplicas { get; init; }

    /// <summary>How ztunnel moves from one version to the next on this server, and why.</summary>
    public string? ZtunnelRollout { get; init; }

    public IReadOnlyDictionary<string, string>? Images { get; init; }
}
