using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What became of a pod.</summary>
public sealed record PodStatus
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    [JsonPropertyName("podIP")]
    public string? PodIp { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    [JsonPropertyName("hostIP")]
    public string? HostIp { get; init; }
    [JsonPropertyName("podIPs")]
    public IReadOnlyList<PodIp> PodIps { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<ContainerStatus> ContainerStatuses { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<ContainerStatus> InitContainerStatuses { get => field ?? []; init => field = Frozen.List(value); }
}
