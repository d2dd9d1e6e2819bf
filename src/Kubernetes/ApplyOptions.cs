namespace Mesh.Kubernetes;

/// <summary>How a server-side apply treats the fields of others.</summary>
public sealed record ApplyOptions
{
    public static readonly ApplyOptions Default = new();

    public static readonly ApplyOptions Forced = new() { Force = true };

    /// <summary>Null means the client's own.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Take over fields that another manager owns with another value.</summary>
    public bool Force { get; init; }

    public bool DryRun { get; init; }

    public string? Subresource { get; init; }
}
