namespace Mesh.Http2;

/// <summary>What a hostile or broken peer can make an engine hold or do. "Burst" is refilled once per second by its rate.</summary>
public sealed record Http2Limits
{
    /// <summary>Decoded fields: names, values and 32 bytes each (RFC 9113, 10.5.1). More resets the stream.</summary>
    public int HeaderListBytesMax { get; init; } = 64 * 1024;

    /// <summary>Decoded fields by number. More resets the stream.</summary>
    public int HeaderFieldsMax { get; init; } = 128;

    /// <summary>One compressed header block over all its frames. More ends the connection.</summary>
    public int HeaderBlockBytesMax { get; init; } = 64 * 1024;

    /// <summary>CONTINUATION frames of one block.</summary>
    public int ContinuationsMax { get; init; } = 16;

    /// <summary>Parameters in one SETTINGS frame.</summary>
    public int SettingsEntriesMax { get; init; } = 64;

    /// <summary>Output that waits for the owner to take it, when the peer does not read.</summary>
    public int ControlBytesMax { get; init; } = 256 * 1024;

    public FloodLimit Settings { get; init; } = new(Burst: 32, PerSecond: 4);
    public FloodLimit Pings { get; init; } = new(Burst: 128, PerSecond: 32);
    public FloodLimit Priorities { get; init; } = new(Burst: 256, PerSecond: 64);
    public FloodLimit EmptyData { get; init; } = new(Burst: 256, PerSecond: 64);
    public FloodLimit UnknownFrames { get; init; } = new(Burst: 256, PerSecond: 64);

    /// <summary>Streams that the peer resets before we answered them (CVE-2023-44487).</summary>
    public FloodLimit RapidResets { get; init; } = new(Burst: 1000, PerSecond: 200);

    /// <summary>Stream errors that the peer provokes, which cost us a RST_STREAM each.</summary>
    public FloodLimit StreamFaults { get; init; } = new(Burst: 500, PerSecond: 100);

    /// <summary>Frames on streams that ended, other than those in flight when we reset them.</summary>
    public FloodLimit ClosedStreamFrames { get; init; } = new(Burst: 500, PerSecond: 100);
}
