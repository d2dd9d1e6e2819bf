namespace Mesh.Kubernetes;

/// <summary>Which object may be deleted, and what becomes of its children.</summary>
public sealed record DeleteOptions
{
    public static readonly DeleteOptions Default = new();

    /// <summary>Delete only this incarnation.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only if nobody wrote since.</summary>
    public string? ResourceVersion { get; init; }

    public DeletePropagation Propagation { get; init; } = DeletePropagation.Background;

    public TimeSpan? GracePeriod { get; init; }

    public bool DryRun { get; init; }
}
