using Mesh.Http2.Flow;
using Mesh.Http2.Frames;

namespace Mesh.Http2;

/// <summary>Received bytes to frames, whatever their fragmentation.</summary>
public sealed partial class Http2Engine
{
    private FloodBudgets budgets;
    private ByteStash stash;
    private ReceivePhase phase;
    private FrameHeader frame;
    private int prefaceLeft;

    /// <summary>Bytes of the current phase that have not come yet.</summary>
    private int expected;

    /// <summary>Payload behind the part that is looked at: padding, long debug data.</summary>
    private int skipAfter;
    private bool receiving;
    private bool heard;

    /// <summary>
    /// Takes received bytes, all of them, and reports what they mean before it returns. False once the connection has
    /// ended: look at <see cref="Fault"/>, send what control output is left, and close.
    /// </summary>
    public bool Receive(ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        if (receiving) throw new InvalidOperationException("Receive was called from one of its own events.");
        receiving = true;
        heard = true;
        try
        {
            while (!bytes.IsEmpty && !IsEnded) Step(ref bytes, events);
        }
        finally
        {
            receiving = false;
        }

        return !IsEnded;
    }

    private void Step(ref ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        if (prefaceLeft > 0)
        {
            MatchPreface(ref bytes);
            return;
        }

        switch (phase)
        {
            case ReceivePhase.FrameHeader:
                ReadFrameHeader(ref bytes, events);
                break;
            case ReceivePhase.Payload:
                ReadPayload(ref bytes, events);
                break;
            case ReceivePhase.DataPadLength:
                ReadPadLength(ref bytes, events);
                break;
            case ReceivePhase.Data:
                ReadData(ref bytes, events);
                break;
            case ReceivePhase.Skip:
                var skipped = Math.Min(expected, bytes.Length);
                bytes = bytes[skipped..];
                expected -= skipped;
                if (expected == 0) FinishSkip(events);
                break;
        }
    }

    private void MatchPreface(ref ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(prefaceLeft, bytes.Length);
        if (!Preface.Bytes.Slice(Preface.Size - prefaceLeft, taken).SequenceEqual(bytes[..taken]))
        {
            EndConnection(ErrorCode.ProtocolError, EndReason.PrefaceInvalid, "the client does not speak HTTP/2");
            return;
        }

        prefaceLeft -= taken;
        bytes = bytes[taken..];
    }

    private void ReadFrameHeader(ref ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        FrameRead read;
        if (stash.Length == 0)
        {
            read = FrameHeader.TryRead(bytes, options.FrameBytesMax, out frame);
            if (read == FrameRead.NeedMoreBytes)
            {
                stash.Append(bytes);
                bytes = default;
                return;
            }

            bytes = bytes[FrameHeader.Size..];
        }
        else
        {
            var taken = Math.Min(FrameHeader.Size - stash.Length, bytes.Length);
            stash.Append(bytes[..taken]);
            bytes = bytes[taken..];
            read = FrameHeader.TryRead(stash.Bytes, options.FrameBytesMax, out frame);
            if (read == FrameRead.NeedMoreBytes) return;
            stash.Release();
        }

        counters.FramesReceived++;
        if (read == FrameRead.TooLarge)
        {
            EndConnection(ErrorCode.FrameSizeError, EndReason.FrameTooLarge, "a frame is longer than we announced");
            return;
        }

        if (!BeginFrame(events)) return;
        if (phase == ReceivePhase.Payload && expected == 0) FinishPayload(default, events);
        else if (phase == ReceivePhase.Data && expected == 0) FinishDataPart(events);
        else if (phase == ReceivePhase.Skip && expected == 0) FinishSkip(events);
    }

    private bool BeginFrame(IHttp2Events events)
    {
        if (!peerSettingsSeen && (frame.Type != FrameType.Settings || frame.Has(FrameFlags.Ack)))
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.FirstFrameNotSettings, "the first frame is not SETTINGS");
        }

        if (blockStreamId != 0 && (frame.Type != FrameType.Continuation || frame.StreamId != blockStreamId))
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.ContinuationMissing, "a header block is interrupted");
        }

        skipAfter = 0;
        expected = frame.Length;
        phase = ReceivePhase.Payload;
        return frame.Type switch
        {
            FrameType.Data => BeginData(events),
            FrameType.Headers => BeginHeaders(),
            FrameType.Continuation => BeginContinuation(),
            FrameType.Priority => BeginPriority(),
            FrameType.RstStream => CheckStreamFrame(RstStreamFrame.PayloadSize),
            FrameType.WindowUpdate => CheckLength(WindowUpdateFrame.PayloadSize),
            FrameType.Settings => BeginSettings(),
            FrameType.Ping => CheckConnectionFrame() && CheckLength(PingFrame.PayloadSize),
            FrameType.GoAway => BeginGoAway(),
            FrameType.PushPromise => EndConnection(ErrorCode.ProtocolError, EndReason.PushRefused, "push was not asked for"),
            _ => BeginUnknown(),
        };
    }

    private void ReadPayload(ref ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        var taken = Math.Min(expected, bytes.Length);
        var part = bytes[..taken];
        bytes = bytes[taken..];
        expected -= taken;
        if (stash.Length == 0 && expected == 0)
        {
            FinishPayload(part, events);
            return;
        }

        stash.Append(part);
        if (expected > 0) return;
        var whole = stash;
        stash = default;
        FinishPayload(whole.Bytes, events);
        whole.Release();
    }

    private void FinishPayload(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        expected = skipAfter;
        phase = expected > 0 ? ReceivePhase.Skip : ReceivePhase.FrameHeader;
        switch (frame.Type)
        {
            case FrameType.Headers:
                OnHeadersFrame(payload, events);
                break;
            case FrameType.Continuation:
                OnBlockFragment(payload, events);
                break;
            case FrameType.RstStream:
                OnRstStream(payload, events);
                break;
            case FrameType.WindowUpdate:
                OnWindowUpdate(payload, events);
                break;
            case FrameType.Settings:
                OnSettings(payload, events);
                break;
            case FrameType.Ping:
                OnPing(payload, events);
                break;
            case FrameType.GoAway:
                OnGoAway(payload, events);
                break;
            default:
                break; // PRIORITY says nothing that anybody follows.
        }
    }

    private void FinishSkip(IHttp2Events events)
    {
        phase = ReceivePhase.FrameHeader;
        if (frame.Type == FrameType.Data) FinishData(events);
    }

    private bool BeginUnknown()
    {
        counters.UnknownFramesReceived++;
        phase = ReceivePhase.Skip;
        return budgets.UnknownFrames.TrySpend()
            || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.UnknownFrameFlood, "too many frames of unknown type");
    }

    private bool BeginPriority()
    {
        counters.PrioritiesReceived++;
        if (!CheckStreamFrame(PriorityFrame.PayloadSize)) return false;
        phase = ReceivePhase.Skip;
        return budgets.Priorities.TrySpend()
            || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.PriorityFlood, "too many PRIORITY frames");
    }

    private bool CheckStreamFrame(int length) =>
        frame.StreamId == 0
            ? EndConnection(ErrorCode.ProtocolError, EndReason.StreamIdWrong, "a frame of a stream names none")
            : CheckLength(length);

    private bool CheckConnectionFrame() =>
        frame.StreamId == 0
        || EndConnection(ErrorCode.ProtocolError, EndReason.StreamIdWrong, "a frame of the connection names a stream");

    private bool CheckLength(int length) =>
        frame.Length == length
        || EndConnection(ErrorCode.FrameSizeError, EndReason.FrameLengthWrong, "a frame of fixed length has another one");
}
