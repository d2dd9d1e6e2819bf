using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>One of a pod's addresses.</summary>
public sealed record PodIp
{
    [JsonConverter(typeof(PooledStringConverter))] // The first repeats podIP.
    public string Ip { get => field ?? ""; init; }
}
