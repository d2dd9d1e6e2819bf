namespace Mesh.Kubernetes.Json;

/// <summary>A resource or subresource of a group version, on the wire.</summary>
internal sealed class ApiResource
{
    public string? Name { get; set; }
    public string? Kind { get; set; }
    public bool Namespaced { get; set; }
    public string[]? Verbs { get; set; }
}
