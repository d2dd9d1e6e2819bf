namespace Mesh.Kubernetes.Json;

/// <summary>The answer part of any review, on the wire.</summary>
internal sealed class Review
{
    public ReviewStatus? Status { get; set; }
}
