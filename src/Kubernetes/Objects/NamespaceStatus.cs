using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Whether a namespace is going away.</summary>
public sealed record NamespaceStatus
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; init; }
}
