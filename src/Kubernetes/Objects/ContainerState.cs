namespace Mesh.Kubernetes.Objects;

/// <summary>What a container does: exactly one is set.</summary>
public sealed record ContainerState
{
    public ContainerStateDetail? Waiting { get; init; }
    public ContainerStateDetail? Running { get; init; }
    public ContainerStateDetail? Terminated { get; init; }
}
