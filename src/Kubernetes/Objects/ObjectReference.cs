using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Which object another one means.</summary>
public sealed record ObjectReference
{
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ApiVersion { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Kind { get; init; }
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Namespace { get; init; }
    public string? Name { get; init; }
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
    public string? FieldPath { get; init; }

    public static ObjectReference To(ResourceType type, IKubernetesObject target) => new()
    {
        ApiVersion = type.ApiVersion,
        Kind = type.Kind,
        Namespace = target.Metadata.Namespace.Length == 0 ? null : target.Metadata.Namespace,
        Name = target.Metadata.Name,
        Uid = target.Metadata.Uid,
        ResourceVersion = target.Metadata.ResourceVersion,
    };
}
