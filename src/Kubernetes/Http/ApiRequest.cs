namespace Mesh.Kubernetes.Http;

/// <summary>One request, ready to be sent as often as needed.</summary>
internal sealed record ApiRequest(HttpMethod Method, string PathAndQuery)
{
    public byte[]? Body { get; init; }
    public string ContentType { get; init; } = "application/json";
    public string Accept { get; init; } = "application/json";

    /// <summary>Null means the client's own limit.</summary>
    public TimeSpan? TimeLimit { get; init; }

    public override string ToString() => $"{Method} {PathAndQuery}";
}
