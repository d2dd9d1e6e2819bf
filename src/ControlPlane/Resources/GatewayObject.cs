using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A Gateway API gateway, as far as waypoints need it.</summary>
internal sealed record GatewayObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<GatewayObject>> Forms =
    [
        new("gateway.networking.k8s.io", "v1", "gateways", "Gateway", namespaced: true, MeshJson.Default.GatewayObject),
        new("gateway.networking.k8s.io", "v1beta1", "gateways", "Gateway", namespaced: true, MeshJson.Default.GatewayObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public GatewaySpec Spec { get => field ?? new GatewaySpec(); init; }
    public GatewayStatus Status { get => field ?? new GatewayStatus(); init; }
}
