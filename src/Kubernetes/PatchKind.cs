namespace Mesh.Kubernetes;

/// <summary>The two patch formats every kind understands.</summary>
public enum PatchKind
{
    /// <summary>RFC 7396.</summary>
    Merge,
    /// <summary>RFC 6902.</summary>
    Json,
}
