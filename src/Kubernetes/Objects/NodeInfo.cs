using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What runs a node.</summary>
public sealed record NodeInfo
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? KernelVersion { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? KubeletVersion { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Architecture { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? OperatingSystem { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? OsImage { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ContainerRuntimeVersion { get; init; }
}
