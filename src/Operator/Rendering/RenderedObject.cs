using Mesh.Kubernetes;

namespace Mesh.Operator.Rendering;

/// <summary>One object as we want it, and the wave in which it goes to the cluster.</summary>
internal sealed record RenderedObject(int Wave, KubernetesObject Object)
{
    /// <summary>Kind, namespace and name: what tells it from all others.</summary>
    public string Id => IdOf(Object);

    public static string IdOf(KubernetesObject one) => $"{one.Group}/{one.Kind}/{one.Metadata.Key}";
}
