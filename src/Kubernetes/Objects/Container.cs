using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A container of a pod, as far as the mesh looks.</summary>
public sealed record Container
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Image { get; init; }
    public IReadOnlyList<ContainerPort> Ports { get => field ?? []; init => field = Frozen.List(value); }
    /// <summary><c>Always</c> on an init container makes it a sidecar.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; init; }
}
