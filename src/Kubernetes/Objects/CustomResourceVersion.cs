using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A version of a custom kind.</summary>
public sealed record CustomResourceVersion
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get => field ?? ""; init; }
    public bool Served { get; init; }
    public bool Storage { get; init; }
}
