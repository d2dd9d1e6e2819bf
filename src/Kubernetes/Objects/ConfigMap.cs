using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Configuration as text.</summary>
public sealed record ConfigMap : IKubernetesObject
{
    public static readonly ResourceType<ConfigMap> Resource =
        new("", "v1", "configmaps", "ConfigMap", namespaced: true, KubernetesJson.Default.ConfigMap);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public IReadOnlyDictionary<string, string> Data { get => field ?? StringMap.Empty; init; }
}
