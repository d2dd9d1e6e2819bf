namespace Mesh.Kubernetes.Json;

/// <summary>A token the server issued, on the wire.</summary>
internal sealed class IssuedToken
{
    public string? Token { get; set; }
}
