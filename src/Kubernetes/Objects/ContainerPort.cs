using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A port that a container declares.</summary>
public sealed record ContainerPort
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; init; }
    [JsonPropertyName("containerPort")]
    public int Number { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; init; }
    public int? HostPort { get; init; }
}
