using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What keeps pods off a node.</summary>
public sealed record Taint
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Value { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Effect { get; init; }
}
