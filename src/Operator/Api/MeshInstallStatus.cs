namespace Mesh.Operator.Api;

/// <summary>What is: written only when it differs, and without anything that ticks.</summary>
internal sealed record MeshInstallStatus
{
    public long? ObservedGeneration { get; init; }

    public string? OperatorVersion { get; init; }

    public string? Phase { get; init; }

    public string? CurrentVersion { get; init; }

    public string? TargetVersion { get; init; }

    public IReadOnlyList<MeshCondition>? Conditions { get; init; }

    public IReadOnlyList<ComponentStatus>? Components { get; init; }

    public InventoryStatus? Inventory { get; init; }

    public ResolvedStatus? Resolved { get; init; }

    public MeshCondition? FindCondition(string type) => Conditions?.FirstOrDefault(condition => condition.Type == type);
}
