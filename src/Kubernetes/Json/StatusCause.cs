namespace Mesh.Kubernetes.Json;

/// <summary>One cause of a Status on the wire.</summary>
internal sealed class StatusCause
{
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public string? Field { get; set; }
}
