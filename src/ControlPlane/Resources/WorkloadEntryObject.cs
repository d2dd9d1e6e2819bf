using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A workload that is no pod.</summary>
internal sealed record WorkloadEntryObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<WorkloadEntryObject>> Forms =
    [
        new("networking.istio.io", "v1", "workloadentries", "WorkloadEntry", namespaced: true, MeshJson.Default.WorkloadEntryObject),
        new("networking.istio.io", "v1beta1", "workloadentries", "WorkloadEntry", namespaced: true, MeshJson.Default.WorkloadEntryObject),
        new("networking.istio.io", "v1alpha3", "workloadentries", "WorkloadEntry", namespaced: true, MeshJson.Default.WorkloadEntryObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public WorkloadEntrySpec Spec { get => field ?? new WorkloadEntrySpec(); init; }
}
