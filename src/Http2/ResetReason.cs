namespace Mesh.Http2;

/// <summary>Why a stream ended before its end.</summary>
public enum ResetReason
{
    ByPeer,

    /// <summary>A GOAWAY said that the peer never looked at the stream: the request may be repeated elsewhere.</summary>
    NotProcessed,
    HeadersMalformed,
    HeadersTooLarge,
    FrameForbidden,
    FrameAfterEnd,
    WindowIncrementZero,
    WindowOverflow,
    WindowOverrun,
}
