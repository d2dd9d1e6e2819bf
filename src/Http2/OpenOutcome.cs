namespace Mesh.Http2;

/// <summary>Whether a stream could be opened, and if not, what its owner can do about it.</summary>
public enum OpenOutcome
{
    Opened,

    /// <summary>The peer's or our own limit is reached: wait for a stream to end, or open another connection.</summary>
    TooManyStreams,

    /// <summary>The connection is being wound down: open another one.</summary>
    GoingAway,
    IdsExhausted,

    /// <summary>The fields exceed what the peer accepts.</summary>
    HeadersTooLarge,

    /// <summary>The peer does not read and the control output is full.</summary>
    ControlBacklog,
    ConnectionEnded,
}
