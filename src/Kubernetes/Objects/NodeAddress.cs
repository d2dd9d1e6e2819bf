using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>One of a node's addresses.</summary>
public sealed record NodeAddress
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get => field ?? ""; init; }
    public string Address { get => field ?? ""; init; }
}
