namespace Mesh.Http2;

/// <summary>What one connection has seen, for its owner to add up when it ends.</summary>
public struct Http2Counters
{
    public long FramesReceived { get; internal set; }
    public long DataBytesReceived { get; internal set; }
    public long DataBytesSent { get; internal set; }
    public long PaddingBytesReceived { get; internal set; }
    public long StreamsOpened { get; internal set; }
    public long StreamsAccepted { get; internal set; }
    public long StreamsRefused { get; internal set; }
    public long ResetsReceived { get; internal set; }
    public long ResetsSent { get; internal set; }

    /// <summary>Resets by the peer before we had answered.</summary>
    public long RapidResets { get; internal set; }
    public long StreamFaults { get; internal set; }
    public long HeaderListsTooLarge { get; internal set; }
    public long HeadersMalformed { get; internal set; }
    public long ContinuationsReceived { get; internal set; }
    public long SettingsReceived { get; internal set; }
    public long PingsReceived { get; internal set; }
    public long PrioritiesReceived { get; internal set; }
    public long WindowUpdatesReceived { get; internal set; }
    public long WindowUpdatesSent { get; internal set; }
    public long GoAwaysReceived { get; internal set; }
    public long EmptyDataReceived { get; internal set; }
    public long UnknownFramesReceived { get; internal set; }

    /// <summary>Frames on streams that had ended, in flight or not.</summary>
    public long ClosedStreamFrames { get; internal set; }
}
