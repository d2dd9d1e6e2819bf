namespace Mesh.Http2;

/// <summary>
/// What a connection's owner learns, synchronously, while it hands received bytes to the engine. Spans are borrowed until
/// the call returns. Calls back into the same engine are allowed, except <see cref="Http2Engine.Receive"/>.
/// </summary>
public interface IHttp2Events
{
    /// <summary>Server: a peer opened a stream with well-formed fields.</summary>
    void OnRequest(int streamId, HeaderFields fields, bool endStream);

    /// <summary>Client: the answer came, or an informational one (1xx) before it.</summary>
    void OnResponse(int streamId, HeaderFields fields, bool endStream);

    /// <summary>Fields after the body; never on a CONNECT stream. <see cref="OnEndOfStream"/> follows.</summary>
    void OnTrailers(int streamId, HeaderFields fields);

    /// <summary>A slice of payload, as it arrived. It stays charged to the windows until <see cref="Http2Engine.Consumed"/>.</summary>
    void OnData(int streamId, ReadOnlySpan<byte> payload);

    /// <summary>The peer has ended its direction. Also called after a request or response that carried the end.</summary>
    void OnEndOfStream(int streamId);

    /// <summary>The stream is gone, with all that was in flight.</summary>
    void OnReset(int streamId, ErrorCode code, ResetReason reason);

    /// <summary>More may be sent on the stream; 0: on any stream.</summary>
    void OnSendWindow(int streamId);

    /// <summary>The peer takes no more streams. Those above its last id were reported by <see cref="OnReset"/> as not processed.</summary>
    void OnGoAway(int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData);

    /// <summary>The peer's settings changed; <see cref="Http2Engine.StreamsToOpen"/> may be different now.</summary>
    void OnPeerSettings();

    /// <summary>The answer to a PING that the owner sent.</summary>
    void OnPong(ulong payload);
}
