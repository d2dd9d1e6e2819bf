namespace Mesh.Kubernetes.Json;

/// <summary>A version of a group, on the wire.</summary>
internal sealed class ApiGroupVersion
{
    public string? Version { get; set; }
}
