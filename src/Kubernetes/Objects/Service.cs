using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A service.</summary>
public sealed record Service : IKubernetesObject
{
    public static readonly ResourceType<Service> Resource =
        new("", "v1", "services", "Service", namespaced: true, KubernetesJson.Default.Service);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public ServiceSpec Spec { get => field ?? new ServiceSpec(); init; }
    public ServiceStatus Status { get => field ?? new ServiceStatus(); init; }
}
