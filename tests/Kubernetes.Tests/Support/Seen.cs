using System.Text.Json.Nodes;

namespace Mesh.Kubernetes.Tests.Support;

/// <summary>A request as the server saw it.</summary>
internal sealed record Seen(string Method, string Path, string Query, string Body, string? Authorization, string? ContentType)
{
    public JsonObject Json => (JsonObject)JsonNode.Parse(Body)!;

    public bool IsWatch => Query.Contains("watch=true", StringComparison.Ordinal);

    public override string ToString() => $"{Method} {Path}{Query}";
}
