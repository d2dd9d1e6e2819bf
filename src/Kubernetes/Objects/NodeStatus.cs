namespace Mesh.Kubernetes.Objects;

/// <summary>How a node does.</summary>
public sealed record NodeStatus
{
    public IReadOnlyList<NodeAddress> Addresses { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init => field = Frozen.List(value); }
    public NodeInfo? NodeInfo { get; init; }
}
