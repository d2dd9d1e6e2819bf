namespace Mesh.Kubernetes.Json;

/// <summary>The details of a Status on the wire.</summary>
internal sealed class StatusDetails
{
    public int RetryAfterSeconds { get; set; }
    public StatusCause[]? Causes { get; set; }
}
