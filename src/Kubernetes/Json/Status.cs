namespace Mesh.Kubernetes.Json;

/// <summary>meta/v1 Status on the wire.</summary>
internal sealed class Status
{
    public string? Kind { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public int Code { get; set; }
    public StatusDetails? Details { get; set; }
}
