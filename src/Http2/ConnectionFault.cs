namespace Mesh.Http2;

/// <summary>How a connection ended: the code that the GOAWAY carries, the reason behind it, and words for a log line.</summary>
public readonly record struct ConnectionFault(ErrorCode Code, EndReason Reason, string Text)
{
    public bool IsNone => Reason == EndReason.None;
}
