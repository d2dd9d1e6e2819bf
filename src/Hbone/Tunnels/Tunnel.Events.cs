using Mesh.Http2;

namespace Mesh.Hbone.Tunnels;

/// <summary>What the engine found in the received bytes.</summary>
internal sealed partial class Tunnel
{
    void IHttp2Events.OnRequest(int streamId, HeaderFields fields, bool endStream) => owner.OnRequest(this, streamId, fields);

    void IHttp2Events.OnResponse(int streamId, HeaderFields fields, bool endStream)
    {
        var status = fields.Status;
        if (status < 200 || !streams.TryGetValue(streamId, out var stream)) return;
        awaited--;
        stream.Status = status;
        if (status < 300)
        {
            stream.CompleteConnect(TunnelConnected.Open(stream));
            return;
        }
        if (!endStream) engine.Reset(streamId, ErrorCode.Cancel);
        stream.CompleteConnect(TunnelConnected.Failed(TunnelFailure.Rejected, $"the peer answered {status}", status));
        stream.Vanish(RelayEnd.Rejected);
    }

    void IHttp2Events.OnTrailers(int streamId, HeaderFields fields)
    {
        // Never on a CONNECT stream, and we open no others.
    }

    void IHttp2Events.OnData(int streamId, ReadOnlySpan<byte> payload)
    {
        if (!streams.TryGetValue(streamId, out var stream) || !Loop.ReceiveScratch.Overlaps(payload, out var offset))
        {
            engine.Consumed(streamId, payload.Length); // Nobody wants it.
            return;
        }
        var gathering = Gathering.Current;
        if (gathering.IsFull) DeliverTouched();
        gathering.Touch(stream);
        gathering.Add(stream, offset, payload.Length);
    }

    void IHttp2Events.OnEndOfStream(int streamId)
    {
        if (!streams.TryGetValue(streamId, out var stream)) return;
        stream.PeerEnded = true;
        Gathering.Current.Touch(stream);
    }

    void IHttp2Events.OnReset(int streamId, ErrorCode code, ResetReason reason)
    {
        if (!streams.TryGetValue(streamId, out var stream)) return;
        if (stream.FirstSlice >= 0) stream.Deliver(Gathering.Current, Loop.ReceiveScratch);
        if (stream.PeerEnded) stream.Settle(); // The end came before the reset, and goes first.
        if (stream.AnswerDue > 0) awaited--;
        var words = reason == ResetReason.NotProcessed ? "the peer is going away" : $"the peer reset the stream: {code}";
        stream.CompleteConnect(TunnelConnected.Failed(TunnelFailure.Closed, words));
        // A cancelled stream is how peers say "I am done": the application sees an end, not a loss.
        stream.Vanish(reason == ResetReason.ByPeer && code is ErrorCode.NoError or ErrorCode.Cancel ? RelayEnd.Closed : RelayEnd.SecondReset);
    }

    void IHttp2Events.OnSendWindow(int streamId)
    {
        if (streamId != 0)
        {
            if (streams.TryGetValue(streamId, out var one) && one.IsBlocked) Unblock(one);
            return;
        }
        foreach (var stream in streams.Values)
        {
            if (stream.IsBlocked) Unblock(stream);
        }
    }

    void IHttp2Events.OnGoAway(int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData) => RequestFlush();

    void IHttp2Events.OnPeerSettings() => owner.OnRoom(this);

    void IHttp2Events.OnPong(ulong payload)
    {
        // The engine's own keep-alive needs no help; we send no others.
    }

    private void Unblock(TunnelStream stream)
    {
        stream.IsBlocked = false;
        QueueSend(stream);
    }
}
