namespace Mesh.Kubernetes.Json;

/// <summary>The status of a token or access review, on the wire.</summary>
internal sealed class ReviewStatus
{
    public bool Authenticated { get; set; }
    public ReviewUser? User { get; set; }
    public string[]? Audiences { get; set; }
    public string? Error { get; set; }
    public bool Allowed { get; set; }
    public bool Denied { get; set; }
    public string? Reason { get; set; }
    public string? EvaluationError { get; set; }
}
