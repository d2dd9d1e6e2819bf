namespace Mesh.Kubernetes.Json;

/// <summary>The groups a server has, on the wire.</summary>
internal sealed class ApiGroupList
{
    public ApiGroup[]? Groups { get; set; }
}
