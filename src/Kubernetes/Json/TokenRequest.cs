namespace Mesh.Kubernetes.Json;

/// <summary>The answer to a token request, on the wire.</summary>
internal sealed class TokenRequest
{
    public IssuedToken? Status { get; set; }
}
