using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>One expression of a label selector.</summary>
public sealed record LabelSelectorRequirement
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Operator { get => field ?? ""; init; }
    public IReadOnlyList<string> Values { get => field ?? []; init => field = Frozen.List(value); }

    public bool IsMetBy(StringMap labels)
    {
        var value = labels.Find(Key);
        return Operator switch
        {
            "In" => value is not null && Values.Contains(value),
            "NotIn" => value is null || !Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
