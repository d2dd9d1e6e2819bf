namespace Mesh.Http2;

/// <summary>What one engine announces to its peer and expects of it; shared by all engines of a role, never changed.</summary>
public sealed record Http2Options
{
    /// <summary>Received bytes that one stream may have in flight.</summary>
    public int StreamWindowBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Received bytes that all streams together may have in flight.</summary>
    public int ConnectionWindowBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Payload passes through in slices, so a big frame costs no memory.</summary>
    public int FrameBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Header compression memory, each way.</summary>
    public int HeaderTableBytes { get; init; } = 4096;

    /// <summary>Streams a peer may open at a time.</summary>
    public int PeerStreamsMax { get; init; } = 200;

    /// <summary>Streams we open at a time, if the peer allows as many.</summary>
    public int OwnStreamsMax { get; init; } = 100;

    /// <summary>Silence after which a PING asks whether the peer is there; zero: never.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after that PING which ends the connection. Any received byte counts as an answer.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a peer may leave our settings unacknowledged.</summary>
    public TimeSpan SettingsTimeout { get; init; } = TimeSpan.FromSeconds(20);

    public Http2Limits Limits { get; init; } = new();
}
