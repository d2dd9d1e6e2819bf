namespace Mesh.Kubernetes.Objects;

/// <summary>How a custom kind does.</summary>
public sealed record CustomResourceDefinitionStatus
{
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<string> StoredVersions { get => field ?? []; init => field = Frozen.List(value); }
}
