using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Publish;

/// <summary>A policy that is not enforced as written: which, what ztunnel leaves out, and what nobody can understand. Immutable.</summary>
internal sealed record PolicyFinding(
    ResourceType Type, IKubernetesObject About, IReadOnlyList<string> Unsupported, IReadOnlyList<string> Malformed)
{
    public ObjectKey Key => About.Metadata.Key;

    public bool IsMalformed => Malformed.Count > 0;

    /// <summary>A sentence or two for its author.</summary>
    public string Text =>
        (IsMalformed ? $"It cannot be understood, so it is enforced as strictly as it can be read: {string.Join("; ", Malformed)}. " : "")
        + (Unsupported.Count > 0 ? $"ztunnel cannot enforce: {string.Join(", ", Unsupported)}." : "");
}
