namespace Mesh.Kubernetes.Objects;

/// <summary>How many replicas a deployment wants.</summary>
public sealed record DeploymentSpec
{
    public int? Replicas { get; init; }
    public bool Paused { get; init; }
    public LabelSelector? Selector { get; init; }
}
