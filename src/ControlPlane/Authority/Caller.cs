using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Authority;

/// <summary>Who called, as the API server vouched for: a service account, and the pod its token is bound to, if any.</summary>
internal sealed record Caller(string Namespace, string ServiceAccount, string? PodName, string? PodUid)
{
    public ObjectKey Account => new(Namespace, ServiceAccount);
}
