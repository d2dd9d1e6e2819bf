using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A port of a service.</summary>
public sealed record ServicePort
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; init; }
    public int Port { get; init; }
    public IntOrString? TargetPort { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? AppProtocol { get; init; }
    public int? NodePort { get; init; }
}
