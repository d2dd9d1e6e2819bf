namespace Mesh.Operator.Rendering;

/// <summary>What the templates know: everything resolved, nothing optional that a profile decides.</summary>
internal sealed record ChartValues
{
    public required string Version { get; init; }

    public required string Namespace { get; init; }

    public required string NodeNamespace { get; init; }

    public required string OperatorNamespace { get; init; }

    public required string OperatorAccount { get; init; }

    public required IReadOnlyList<NamespaceValues> Namespaces { get; init; }

    public required int Replicas { get; init; }

    public required bool DisruptionBudget { get; init; }

    public required string DisruptionBudgetApi { get; init; }

    public required PodValues Pod { get; init; }

    /// <summary>Null where the agent is not ours to install.</summary>
    public required CniValues? Cni { get; init; }

    public required ZtunnelValues Ztunnel { get; init; }
}
