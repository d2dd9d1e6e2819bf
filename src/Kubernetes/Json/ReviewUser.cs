namespace Mesh.Kubernetes.Json;

/// <summary>The user in a token review, on the wire.</summary>
internal sealed class ReviewUser
{
    public string? Username { get; set; }
    public string? Uid { get; set; }
    public string[]? Groups { get; set; }
    public Dictionary<string, string[]>? Extra { get; set; }
}
