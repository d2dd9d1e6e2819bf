namespace Mesh.Kubernetes;

/// <summary>Which objects of a kind. The zero value means all of them, in all namespaces.</summary>
public sealed record ListOptions
{
    public static readonly ListOptions All = new();

    public const int DefaultPageSize = 500;

    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Objects per page; zero asks for everything at once.</summary>
    public int PageSize { get; init; } = DefaultPageSize;

    /// <summary>Answer from the server's cache: possibly stale and not paged, but cheap for the server. For agents on every node.</summary>
    public bool FromServerCache { get; init; }
}
