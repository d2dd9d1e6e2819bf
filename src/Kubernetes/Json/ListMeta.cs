namespace Mesh.Kubernetes.Json;

/// <summary>The metadata of a list on the wire.</summary>
internal sealed class ListMeta
{
    public string? ResourceVersion { get; set; }
    public string? Continue { get; set; }
}
