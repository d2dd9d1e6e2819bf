using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>One statement of an object's status, in the form that pods, deployments and custom resources share.</summary>
public sealed record Condition
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get => field ?? ""; init; }
    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Status { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; init; }
    public long? ObservedGeneration { get; init; }
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }

    [JsonIgnore]
    public bool IsTrue => string.Equals(Status, "True", StringComparison.Ordinal);

    public static Condition? Find(IReadOnlyList<Condition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (string.Equals(condition.Type, type, StringComparison.Ordinal)) return condition;
        }

        return null;
    }
}
