using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>What every object has. managedFields, often half of an object's bytes, are not kept.</summary>
public sealed record ObjectMeta
{
    public string Name { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Namespace { get => field ?? ""; init; }
    public string? GenerateName { get; init; }
    public string Uid { get => field ?? ""; init; }
    public string ResourceVersion { get => field ?? ""; init; }
    public long Generation { get; init; }
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CreationTimestamp { get; init; }
    /// <summary>Set when the object is being deleted and finalizers or grace keep it.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeletionTimestamp { get; init; }
    public StringMap Labels { get => field ?? StringMap.Empty; init; }
    public StringMap Annotations { get => field ?? StringMap.Empty; init; }
    public IReadOnlyList<OwnerReference> OwnerReferences { get => field ?? []; init => field = Frozen.List(value); }
    public IReadOnlyList<string> Finalizers { get => field ?? []; init => field = Frozen.List(value); }

    [JsonIgnore]
    public ObjectKey Key => new(Namespace, Name);

    [JsonIgnore]
    public bool IsBeingDeleted => DeletionTimestamp is not null;

    /// <summary>The owner that controls this object, if any.</summary>
    public OwnerReference? FindController()
    {
        foreach (var owner in OwnerReferences)
        {
            if (owner.Controller == true) return owner;
        }

        return null;
    }
}
