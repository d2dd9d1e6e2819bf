using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A port that all endpoints of a slice have.</summary>
public sealed record EndpointPort
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; init; }
    public int? Port { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? AppProtocol { get; init; }
}
