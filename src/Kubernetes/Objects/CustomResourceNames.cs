using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What a custom kind is called.</summary>
public sealed record CustomResourceNames
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Plural { get => field ?? ""; init; }
}
