namespace Mesh.Kubernetes.Objects;

/// <summary>How a deployment does.</summary>
public sealed record DeploymentStatus
{
    public long ObservedGeneration { get; init; }
    public int Replicas { get; init; }
    public int UpdatedReplicas { get; init; }
    public int ReadyReplicas { get; init; }
    public int AvailableReplicas { get; init; }
    public int UnavailableReplicas { get; init; }
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init => field = Frozen.List(value); }
}
