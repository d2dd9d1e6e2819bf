using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What a node is told.</summary>
public sealed record NodeSpec
{
    public bool Unschedulable { get; init; }
    public IReadOnlyList<Taint> Taints { get => field ?? []; init => field = Frozen.List(value); }
    [JsonConverter(typeof(PooledStringConverter))]
    [JsonPropertyName("podCIDR")]
    public string? PodCidr { get; init; }
}
