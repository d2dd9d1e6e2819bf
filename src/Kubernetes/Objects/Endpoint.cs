using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>One backend of a service.</summary>
public sealed record Endpoint
{
    public IReadOnlyList<string> Addresses { get => field ?? []; init => field = Frozen.List(value); }
    public EndpointConditions? Conditions { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Hostname { get; init; }
    public ObjectReference? TargetRef { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? NodeName { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Zone { get; init; }
    /// <summary>v1beta1 only.</summary>
    public StringMap? Topology { get; init; }

    /// <summary>The node, whichever form said it.</summary>
    public string? FindNode() => NodeName ?? Topology?.Find("kubernetes.io/hostname");

    /// <summary>The zone, whichever form said it.</summary>
    public string? FindZone() => Zone ?? Topology?.Find("topology.kubernetes.io/zone");
}
