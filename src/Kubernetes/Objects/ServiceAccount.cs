using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>An account that pods run as.</summary>
public sealed record ServiceAccount : IKubernetesObject
{
    public static readonly ResourceType<ServiceAccount> Resource =
        new("", "v1", "serviceaccounts", "ServiceAccount", namespaced: true, KubernetesJson.Default.ServiceAccount);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }

}
