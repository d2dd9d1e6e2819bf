namespace Mesh.Kubernetes.Json;

/// <summary>A group and its versions, on the wire.</summary>
internal sealed class ApiGroup
{
    public string? Name { get; set; }
    public ApiGroupVersion[]? Versions { get; set; }
}
