using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Whom an object belongs to; it is collected with its owner.</summary>
public sealed record OwnerReference
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string ApiVersion { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get => field ?? ""; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string Uid { get => field ?? ""; init; }
    public bool? Controller { get; init; }
    public bool? BlockOwnerDeletion { get; init; }

    /// <summary>The reference that makes <paramref name="owner"/> the controller of an object.</summary>
    public static OwnerReference ControllerOf(ResourceType type, IKubernetesObject owner) => new()
    {
        ApiVersion = type.ApiVersion,
        Kind = type.Kind,
        Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };
}
