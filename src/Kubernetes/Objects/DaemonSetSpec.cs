namespace Mesh.Kubernetes.Objects;

/// <summary>Which pods a daemon set runs.</summary>
public sealed record DaemonSetSpec
{
    public LabelSelector? Selector { get; init; }
}
