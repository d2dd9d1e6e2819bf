using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What a pod asks for.</summary>
public sealed record PodSpec
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? NodeName { get; init; }
    public bool HostNetwork { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string ServiceAccountName { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Hostname { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Subdomain { get; init; }
    public IReadOnlyList<Container> Containers { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<Container> InitContainers { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<ReadinessGate> ReadinessGates { get => field ?? []; init => field = Frozen.List(value); }
    public long? TerminationGracePeriodSeconds { get; init; }
}
