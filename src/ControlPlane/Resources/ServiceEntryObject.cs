using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A service that Kubernetes does not know.</summary>
internal sealed record ServiceEntryObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<ServiceEntryObject>> Forms =
    [
        new("networking.istio.io", "v1", "serviceentries", "ServiceEntry", namespaced: true, MeshJson.Default.ServiceEntryObject),
        new("networking.istio.io", "v1beta1", "serviceentries", "ServiceEntry", namespaced: true, MeshJson.Default.ServiceEntryObject),
        new("networking.istio.io", "v1alpha3", "serviceentries", "ServiceEntry", namespaced: true, MeshJson.Default.ServiceEntryObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public ServiceEntrySpec Spec { get => field ?? new ServiceEntrySpec(); init; }
    public ServiceEntryStatus Status { get => field ?? new ServiceEntryStatus(); init; }
}
