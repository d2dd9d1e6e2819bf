using Mesh.Http2.Frames;

namespace Mesh.Http2;

/// <summary>
/// DATA: charged to both windows when its header comes, passed on in slices, and given back as the owner consumes.
/// </summary>
/// <remarks>
/// <code>
/// +---------------+
/// |Pad Length? (8)|                               with PADDED
/// +---------------+-------------------------------+
/// |                    Data                       |
/// +-----------------------------------------------+
/// |                  Padding                      |
/// +-----------------------------------------------+
/// </code>
/// </remarks>
public sealed partial class Http2Engine
{
    /// <summary>Where the current DATA frame goes; 0: nowhere, its stream is gone.</summary>
    private int dataStreamId;

    private bool BeginData(IHttp2Events events)
    {
        if (frame.StreamId == 0)
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.StreamIdWrong, "DATA names no stream");
        }

        if (frame.Has(FrameFlags.Padded) && frame.Length == 0)
        {
            return EndConnection(ErrorCode.FrameSizeError, EndReason.FrameLengthWrong, "padded DATA lacks its pad length");
        }

        if (!connectionReceive.TryCharge(frame.Length))
        {
            return EndConnection(ErrorCode.FlowControlError, EndReason.WindowOverrun, "more DATA than the connection's window");
        }

        if (!AdmitData(events)) return false;
        phase = frame.Has(FrameFlags.Padded) ? ReceivePhase.DataPadLength : ReceivePhase.Data;
        expected = frame.Length;
        return true;
    }

    private bool AdmitData(IHttp2Events events)
    {
        dataStreamId = 0;
        var slot = streams.Find(frame.StreamId);
        if (frame.Length == 0 && (slot < 0 || !frame.Has(FrameFlags.EndStream)))
        {
            counters.EmptyDataReceived++;
            if (!budgets.EmptyData.TrySpend())
            {
                return EndConnection(ErrorCode.EnhanceYourCalm, EndReason.EmptyDataFlood, "too many empty DATA frames");
            }
        }

        if (slot < 0)
        {
            return IsIdle(frame.StreamId)
                ? RefuseIdle()
                : OnClosedStreamFrame(answer: true);
        }

        ref var stream = ref streams[slot];
        if (!stream.PeerMaySend) return FailStream(frame.StreamId, ErrorCode.StreamClosed, ResetReason.FrameAfterEnd, events);
        if (IsOwn(frame.StreamId) && !stream.Answered)
        {
            return FailStream(frame.StreamId, ErrorCode.ProtocolError, ResetReason.FrameForbidden, events);
        }

        if (!stream.Receive.TryCharge(frame.Length))
        {
            return FailStream(frame.StreamId, ErrorCode.FlowControlError, ResetReason.WindowOverrun, events);
        }

        dataStreamId = frame.StreamId;
        return true;
    }

    private void ReadPadLength(ref ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        int padding = bytes[0];
        bytes = bytes[1..];
        if (padding >= frame.Length)
        {
            EndConnection(ErrorCode.ProtocolError, EndReason.PaddingTooLong, "padding fills more than its frame");
            return;
        }

        skipAfter = padding;
        expected = frame.Length - 1 - padding;
        phase = ReceivePhase.Data;
        counters.PaddingBytesReceived += padding + 1;
        ReturnCredit(dataStreamId, padding + 1); // Nobody will consume it.
        if (expected == 0) FinishDataPart(events);
    }

    private void ReadData(ref ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        var taken = Math.Min(expected, bytes.Length);
        var slice = bytes[..taken];
        bytes = bytes[taken..];
        expected -= taken;
        counters.DataBytesReceived += taken;
        var slot = dataStreamId == 0 ? -1 : streams.Find(dataStreamId);
        if (slot < 0)
        {
            ReturnToConnection(taken); // Reset meanwhile, or never admitted.
        }
        else
        {
            streams[slot].Unconsumed += taken;
            events.OnData(dataStreamId, slice);
        }

        if (expected == 0 && !IsEnded) FinishDataPart(events);
    }

    private void FinishDataPart(IHttp2Events events)
    {
        expected = skipAfter;
        phase = ReceivePhase.Skip;
        if (expected > 0) return;
        FinishSkip(events);
    }

    private void FinishData(IHttp2Events events)
    {
        var streamId = dataStreamId;
        dataStreamId = 0;
        if (!frame.Has(FrameFlags.EndStream) || streamId == 0) return;
        EndPeerDirection(streamId, events);
    }

    private void EndPeerDirection(int streamId, IHttp2Events events)
    {
        var slot = streams.Find(streamId);
        if (slot < 0) return;
        streams[slot].EndPeer();
        SettleStream(slot);
        events.OnEndOfStream(streamId);
    }

    /// <summary>
    /// The owner has passed on or dropped that many received bytes: the peer may send as many again. Announced when half of
    /// a window is owed. Bytes of a stream that is gone need no mention.
    /// </summary>
    public void Consumed(int streamId, int bytes)
    {
        var slot = streams.Find(streamId);
        if (slot < 0 || bytes == 0) return;
        ref var stream = ref streams[slot];
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, stream.Unconsumed);
        stream.Unconsumed -= bytes;
        if (stream.State == StreamState.Closed && stream.Unconsumed == 0)
        {
            streams.Remove(streamId);
            ReturnToConnection(bytes);
            return;
        }

        ReturnCredit(streamId, bytes);
    }

    private void ReturnCredit(int streamId, int bytes)
    {
        ReturnToConnection(bytes);
        var slot = streamId == 0 ? -1 : streams.Find(streamId);
        if (slot < 0 || !streams[slot].PeerMaySend) return;
        var increment = streams[slot].Receive.Return(bytes, options.StreamWindowBytes);
        if (increment > 0) WriteWindowUpdate(streamId, increment);
    }

    /// <summary>A frame on a stream that has ended. What was in flight when we reset it, or when we said GOAWAY, is no fault.</summary>
    private bool OnClosedStreamFrame(bool answer)
    {
        counters.ClosedStreamFrames++;
        if (resets.Contains(frame.StreamId) || frame.StreamId > acceptIdMax) return true;
        if (!budgets.ClosedStreamFrames.TrySpend())
        {
            return EndConnection(ErrorCode.EnhanceYourCalm, EndReason.ClosedStreamFlood, "too many frames on ended streams");
        }

        if (answer) WriteReset(frame.StreamId, ErrorCode.StreamClosed);
        return !IsEnded;
    }
}
