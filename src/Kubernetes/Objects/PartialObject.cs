using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Only the metadata of an object of any kind: enough to count, map to owners and prune.</summary>
public sealed record PartialObject : IKubernetesObject
{
    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }

    public static ResourceType<PartialObject> Of(ResourceType type) =>
        new(type.Group, type.Version, type.Plural, type.Kind, type.Namespaced, KubernetesJson.Default.PartialObject);
}
