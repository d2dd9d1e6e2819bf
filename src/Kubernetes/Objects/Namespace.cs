using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A namespace.</summary>
public sealed record Namespace : IKubernetesObject
{
    public static readonly ResourceType<Namespace> Resource =
        new("", "v1", "namespaces", "Namespace", namespaced: false, KubernetesJson.Default.Namespace);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public NamespaceStatus Status { get => field ?? new NamespaceStatus(); init; }
}
