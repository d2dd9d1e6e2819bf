using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Who leads, and until when.</summary>
public sealed record Lease : IKubernetesObject
{
    public static readonly ResourceType<Lease> Resource =
        new("coordination.k8s.io", "v1", "leases", "Lease", namespaced: true, KubernetesJson.Default.Lease);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public LeaseSpec Spec { get => field ?? new LeaseSpec(); init; }
}
