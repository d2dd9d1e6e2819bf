namespace Mesh.Kubernetes.Json;

/// <summary>The resources of a group version, on the wire.</summary>
internal sealed class ApiResourceList
{
    public ApiResource[]? Resources { get; set; }
}
