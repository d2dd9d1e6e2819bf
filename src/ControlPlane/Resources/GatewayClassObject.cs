using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A class of gateways: defaults of its waypoints stand in its labels and annotations.</summary>
internal sealed record GatewayClassObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<GatewayClassObject>> Forms =
    [
        new("gateway.networking.k8s.io", "v1", "gatewayclasses", "GatewayClass", namespaced: false, MeshJson.Default.GatewayClassObject),
        new("gateway.networking.k8s.io", "v1beta1", "gatewayclasses", "GatewayClass", namespaced: false, MeshJson.Default.GatewayClassObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
}
