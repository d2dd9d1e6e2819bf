using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Something worth telling a person about an object.</summary>
public sealed record Event : IKubernetesObject
{
    public static readonly ResourceType<Event> Resource =
        new("events.k8s.io", "v1", "events", "Event", namespaced: true, KubernetesJson.Default.Event);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }
    public EventSeries? Series { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ReportingController { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ReportingInstance { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Action { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }
    public ObjectReference? Regarding { get; init; }
    public string? Note { get; init; }
    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }
}
