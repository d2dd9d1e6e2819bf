namespace Mesh.Hbone;

/// <summary>What tunnels and their pool may take, and how long each stage may last. Immutable, shared by all loops.</summary>
public sealed record HboneOptions
{
    public const int StreamWindowBytesDefault = 1024 * 1024;
    public const int ConnectionWindowBytesDefault = 16 * 1024 * 1024;
    public const int FrameBytesDefault = 1024 * 1024;

    /// <summary>TCP connect.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The whole TLS handshake, either role.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The peer's acknowledgement of our HTTP/2 settings.</summary>
    public TimeSpan SettingsTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The answer to a CONNECT, and the wait for room in a full peer.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which we ask whether the peer is there; any received byte counts as an answer.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after that question which ends the tunnel.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A pooled tunnel without a stream is closed after this.</summary>
    public TimeSpan UnusedRelease { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Streams we open on one tunnel, if the peer allows as many.</summary>
    public int StreamsPerTunnelMax { get; init; } = 100;

    /// <summary>Streams a peer may open on one tunnel.</summary>
    public int ServerStreamsMax { get; init; } = 200;

    /// <summary>Tunnels to one peer, per loop.</summary>
    public int TunnelsPerKeyMax { get; init; } = 128;

    /// <summary>Tunnels of one pool, that is, of one loop.</summary>
    public int TunnelsPerPoolMax { get; init; } = 4096;

    /// <summary>Tunnels through gateways of one pool; each carries one connection.</summary>
    public int NestedTunnelsMax { get; init; } = 4096;

    /// <summary>Requests that wait for a tunnel to one peer.</summary>
    public int WaitersPerKeyMax { get; init; } = 4096;

    /// <summary>
    /// Bytes one stream may have in flight towards us; what an application does not take is buffered up to this. A quarter of upstream's:
    /// measured on one node, 4 MiB cost a tenth of the throughput and a third more memory, for buffers that outgrow the caches. Raise it
    /// for single streams over long and fat paths (1 MiB carries 8 Gbit/s at 1 ms, 0.8 at 10 ms).
    /// </summary>
    public int StreamWindowBytes { get; init; } = StreamWindowBytesDefault;

    /// <summary>The same for all streams of a tunnel together.</summary>
    public int ConnectionWindowBytes { get; init; } = ConnectionWindowBytesDefault;

    /// <summary>The longest frame a peer may send; its payload passes through in slices.</summary>
    public int FrameBytesMax { get; init; } = FrameBytesDefault;

    internal const int ClientHeaderListBytesMax = 16 * 1024;
    internal const int ServerHeaderListBytesMax = 64 * 1024;

    internal Http2.Http2Options ForRole(Http2.Http2Role role) => new()
    {
        StreamWindowBytes = StreamWindowBytes,
        ConnectionWindowBytes = ConnectionWindowBytes,
        FrameBytesMax = FrameBytesMax,
        PeerStreamsMax = role == Http2.Http2Role.Server ? ServerStreamsMax : 0,
        OwnStreamsMax = role == Http2.Http2Role.Client ? StreamsPerTunnelMax : 0,
        KeepAliveInterval = PingInterval,
        KeepAliveTimeout = PingTimeout,
        SettingsTimeout = SettingsTimeout,
        Limits = new Http2.Http2Limits
        {
            HeaderListBytesMax = role == Http2.Http2Role.Server ? ServerHeaderListBytesMax : ClientHeaderListBytesMax,
        },
    };
}
