namespace Mesh.Kubernetes;

/// <summary>How create, update and patch write.</summary>
public sealed record WriteOptions
{
    public static readonly WriteOptions Default = new();

    /// <summary>Null means the client's own.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Validate and answer as if, but store nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Write a subresource such as <c>status</c>.</summary>
    public string? Subresource { get; init; }

    public static readonly WriteOptions Status = new() { Subresource = "status" };
}
