namespace Mesh.Operator.Rendering;

/// <summary>What a rendering has to know about the cluster. Immutable.</summary>
internal sealed record ClusterFacts
{
    /// <summary>DaemonSets can start the new pod before the old one ends from here on (on by default since 1.22).</summary>
    private static readonly Version s_surgingDaemonSets = new(1, 22);
    private static readonly Version s_appArmorFields = new(1, 30);

    public required Version Kubernetes { get; init; }

    /// <summary>policy/v1 where the server has it, else policy/v1beta1; null where it has neither.</summary>
    public string? DisruptionBudgetApi { get; init; }

    /// <summary>Namespaces that were there before us: they are labelled, but not removed with the mesh.</summary>
    public IReadOnlySet<string> ForeignNamespaces { get; init; } = new HashSet<string>();

    public bool DaemonSetsSurge => Kubernetes >= s_surgingDaemonSets;

    public bool HasAppArmorFields => Kubernetes >= s_appArmorFields;
}
