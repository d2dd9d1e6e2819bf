namespace Mesh.ControlPlane.Publish;

/// <summary>How changes are gathered before they are published.</summary>
internal sealed record MeshStateOptions
{
    /// <summary>A publication waits for so long without a further change.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMilliseconds(100);
    /// <summary>It waits no longer than this in all.</summary>
    public TimeSpan DelayMax { get; init; } = TimeSpan.FromSeconds(10);
}
