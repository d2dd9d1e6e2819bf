using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>The group, names and versions of a custom kind.</summary>
public sealed record CustomResourceDefinitionSpec
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Group { get => field ?? ""; init; }
    public CustomResourceNames Names { get => field ?? new CustomResourceNames(); init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Scope { get; init; }
    public IReadOnlyList<CustomResourceVersion> Versions { get => field ?? []; init => field = Frozen.List(value); }
}
