namespace Mesh.Daemon.Admin;

/// <summary>What one admin server grants its clients.</summary>
public sealed record AdminLimits
{
    public int ConnectionsMax { get; init; } = 64;

    public int HeadBytes { get; init; } = 16 * 1024;

    public int BodyBytes { get; init; } = 64 * 1024;

    public int RequestsPerConnection { get; init; } = 1000;

    /// <summary>From the first byte of a request to its last: a client that dribbles is cut.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may wait for its next request.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a page may take, and how long its answer may take to be read.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
