namespace Mesh.Kubernetes.Json;

/// <summary>The versions of the core group, on the wire.</summary>
internal sealed class ApiVersions
{
    public string[]? Versions { get; set; }
}
