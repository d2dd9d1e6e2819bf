using Mesh.Linux.Loops;

namespace Mesh.Inpod;

/// <summary>Knobs of the agent's end of ZDS.</summary>
public sealed record InpodServerOptions
{
    /// <summary>Where ztunnel dials.</summary>
    public required string Path { get; init; }

    /// <summary>At most five new connections a second, so that a crashing ztunnel cannot keep the agent busy.</summary>
    public TimeSpan AcceptInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For writing one request and for its answer together.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Updates that may wait behind a slow ztunnel.</summary>
    public int QueueMax { get; init; } = 100;

    public int ConnectionsMax { get; init; } = 8;

    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static UnixSocketKind Kind => UnixSocketKind.Packets;
}
