using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A condition that must be true before a pod counts as ready.</summary>
public sealed record ReadinessGate
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string ConditionType { get => field ?? ""; init; }
}
