using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What a service asks for.</summary>
public sealed record ServiceSpec
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }
    [JsonPropertyName("clusterIP")]
    public string? ClusterIp { get; init; }
    [JsonPropertyName("clusterIPs")]
    public IReadOnlyList<string> ClusterIps { get => field ?? []; init => field = Frozen.List(value); }
    [JsonPropertyName("externalIPs")]
    public IReadOnlyList<string> ExternalIps { get => field ?? []; init => field = Frozen.List(value); }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ExternalName { get; init; }
    public StringMap Selector { get => field ?? StringMap.Empty; init; }
    public IReadOnlyList<ServicePort> Ports { get => field ?? []; init => field = Frozen.List(value); }
    public bool PublishNotReadyAddresses { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? InternalTrafficPolicy { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? TrafficDistribution { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? IpFamilyPolicy { get; init; }
    public IReadOnlyList<string> IpFamilies { get => field ?? []; init => field = Frozen.List(value); }
}
