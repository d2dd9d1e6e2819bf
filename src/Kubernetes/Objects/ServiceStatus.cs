namespace Mesh.Kubernetes.Objects;

/// <summary>What became of a service.</summary>
public sealed record ServiceStatus
{
    public LoadBalancerStatus? LoadBalancer { get; init; }
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init => field = Frozen.List(value); }
}
