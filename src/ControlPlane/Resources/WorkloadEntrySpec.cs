using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A workload entry, and an endpoint written into a service entry.</summary>
internal sealed record WorkloadEntrySpec
{
    public string? Address { get; init; }
    public IReadOnlyDictionary<string, int>? Ports { get; init; }
    public StringMap Labels { get => field ?? StringMap.Empty; init; }
    public string? Network { get; init; }
    public string? Locality { get; init; }
    public uint Weight { get; init; }
    public string? ServiceAccount { get; init; }
}
