using System.Text.Json.Serialization;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>A user's authorization policy.</summary>
internal sealed record AuthorizationPolicyObject : IKubernetesObject
{
    /// <summary>The forms we read, best first; they differ in nothing we look at.</summary>
    public static readonly IReadOnlyList<ResourceType<AuthorizationPolicyObject>> Forms =
    [
        new("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy", namespaced: true, MeshJson.Default.AuthorizationPolicyObject),
        new("security.istio.io", "v1beta1", "authorizationpolicies", "AuthorizationPolicy", namespaced: true, MeshJson.Default.AuthorizationPolicyObject),
    ];

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    [JsonConverter(typeof(AuthorizationPolicySpecConverter))]
    public AuthorizationPolicySpec Spec { get => field ?? new AuthorizationPolicySpec(); init; }
}
