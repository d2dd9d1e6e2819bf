using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>How a container does.</summary>
public sealed record ContainerStatus
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get => field ?? ""; init; }
    public bool Ready { get; init; }
    public int RestartCount { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    [JsonPropertyName("imageID")]
    public string? ImageId { get; init; }
    public ContainerState? State { get; init; }
}
