using System.Text.Json.Serialization;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>Whether workloads insist on mutual TLS.</summary>
internal sealed record PeerAuthenticationObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<PeerAuthenticationObject>> Forms =
    [
        new("security.istio.io", "v1", "peerauthentications", "PeerAuthentication", namespaced: true, MeshJson.Default.PeerAuthenticationObject),
        new("security.istio.io", "v1beta1", "peerauthentications", "PeerAuthentication", namespaced: true, MeshJson.Default.PeerAuthenticationObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    [JsonConverter(typeof(PeerAuthenticationSpecConverter))]
    public PeerAuthenticationSpec Spec { get => field ?? new PeerAuthenticationSpec(); init; }
}
