using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Why a container waits or ended.</summary>
public sealed record ContainerStateDetail
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public int ExitCode { get; init; }
}
