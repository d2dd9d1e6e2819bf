using Mesh.Http2.Flow;
using Mesh.Http2.Frames;

namespace Mesh.Http2;

/// <summary>Everything received that is neither DATA nor header fields.</summary>
public sealed partial class Http2Engine
{
    private bool peerLimitedStreams;

    private bool BeginSettings()
    {
        counters.SettingsReceived++;
        if (!CheckConnectionFrame()) return false;
        if (frame.Has(FrameFlags.Ack)) return CheckLength(0);
        if (frame.Length % SettingsFrame.EntrySize != 0)
        {
            return EndConnection(ErrorCode.FrameSizeError, EndReason.FrameLengthWrong, "SETTINGS of broken length");
        }

        if (frame.Length > limits.SettingsEntriesMax * SettingsFrame.EntrySize || !budgets.Settings.TrySpend())
        {
            return EndConnection(ErrorCode.EnhanceYourCalm, EndReason.SettingsFlood, "too many settings");
        }

        return true;
    }

    private void OnSettings(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        if (frame.Has(FrameFlags.Ack))
        {
            settingsAcknowledged = true;
            return;
        }

        var windowBefore = peerFirstWindow;
        var first = !peerSettingsSeen;
        peerSettingsSeen = true;
        for (; payload.Length > 0; payload = payload[SettingsFrame.EntrySize..])
        {
            var (id, value) = SettingsFrame.ReadEntry(payload);
            if (!ApplySetting(id, value)) return;
        }

        // No limit given means no limit (6.5.2); ours still holds.
        if (first && !peerLimitedStreams) peerAllowsStreams = int.MaxValue;
        if (!TryMakeRoom(FrameHeader.Size)) return;
        SettingsFrame.WriteAck(output.Room(FrameHeader.Size));
        output.Commit(FrameHeader.Size);
        events.OnPeerSettings();
        if (peerFirstWindow > windowBefore) events.OnSendWindow(0);
    }

    private bool ApplySetting(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.HeaderTableSize:
                encoder.SetPeerTableSize(value);
                return true;
            case SettingId.EnablePush:
                return value == 0 || (value == 1 && Role == Http2Role.Server) || RefuseSetting("ENABLE_PUSH is neither 0 nor 1");
            case SettingId.MaxConcurrentStreams:
                peerAllowsStreams = (int)Math.Min(value, int.MaxValue);
                peerLimitedStreams = true;
                return true;
            case SettingId.InitialWindowSize:
                return ApplyFirstWindow(value);
            case SettingId.MaxFrameSize:
                return ApplyFrameMax(value);
            case SettingId.MaxHeaderListSize:
                peerHeaderListMax = value;
                return true;
            default:
                return true; // 6.5.2: unknown ones are ignored.
        }
    }

    private bool ApplyFrameMax(uint value)
    {
        if (value is < FrameHeader.LengthMaxLowest or > FrameHeader.LengthMaxHighest) return RefuseSetting("MAX_FRAME_SIZE out of range");
        peerFrameMax = (int)value;
        return true;
    }

    private bool RefuseSetting(string text) => EndConnection(ErrorCode.ProtocolError, EndReason.SettingInvalid, text);

    private bool ApplyFirstWindow(uint value)
    {
        if (value > FlowWindow.Max)
        {
            return EndConnection(ErrorCode.FlowControlError, EndReason.SettingInvalid, "INITIAL_WINDOW_SIZE beyond 2^31-1");
        }

        // 6.9.2: live streams move by the difference, also below zero.
        var change = (int)value - peerFirstWindow;
        peerFirstWindow = (int)value;
        for (var slot = 0; slot < streams.Capacity; slot++)
        {
            if (streams.IdAt(slot) != 0 && !streams[slot].Send.TryGrow(change)) return OverflowWindow();
        }

        return true;
    }

    private bool OverflowWindow() => EndConnection(ErrorCode.FlowControlError, EndReason.WindowOverflow, "a window passes 2^31-1");

    private void OnPing(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        counters.PingsReceived++;
        var opaque = PingFrame.Read(payload);
        if (frame.Has(FrameFlags.Ack))
        {
            OnPong(opaque, events);
            return;
        }

        if (!budgets.Pings.TrySpend())
        {
            EndConnection(ErrorCode.EnhanceYourCalm, EndReason.PingFlood, "too many PING frames");
            return;
        }

        WritePing(opaque, ack: true);
    }

    private void OnPong(ulong opaque, IHttp2Events events)
    {
        if (opaque == KeepAlivePayload) return; // That bytes came is what counts, see OnTick.
        if (opaque == DrainPayload)
        {
            FinishDrain();
            return;
        }

        events.OnPong(opaque);
    }

    private void OnRstStream(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        counters.ResetsReceived++;
        var slot = streams.Find(frame.StreamId);
        if (slot < 0)
        {
            if (IsIdle(frame.StreamId)) RefuseIdle();
            return; // Crossed with our own reset, or our end.
        }

        var streamId = frame.StreamId;
        var unanswered = !IsOwn(streamId) && !streams[slot].Answered;
        DropStream(streamId);
        events.OnReset(streamId, RstStreamFrame.Read(payload), ResetReason.ByPeer);
        if (!unanswered) return;
        counters.RapidResets++;
        if (!budgets.RapidResets.TrySpend())
        {
            EndConnection(ErrorCode.EnhanceYourCalm, EndReason.RapidReset, "too many streams are opened and reset");
        }
    }

    private void OnWindowUpdate(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        counters.WindowUpdatesReceived++;
        var increment = WindowUpdateFrame.Read(payload);
        var streamId = frame.StreamId;
        if (streamId == 0)
        {
            if (increment == 0) EndConnection(ErrorCode.ProtocolError, EndReason.WindowIncrementZero, "WINDOW_UPDATE by nothing");
            else if (!connectionSend.TryGrow(increment)) OverflowWindow();
            else events.OnSendWindow(0);
            return;
        }

        var slot = streams.Find(streamId);
        if (slot < 0)
        {
            if (IsIdle(streamId)) RefuseIdle();
            return; // 5.1: may arrive for a while after the end.
        }

        if (increment == 0)
        {
            FailStream(streamId, ErrorCode.ProtocolError, ResetReason.WindowIncrementZero, events);
        }
        else if (!streams[slot].Send.TryGrow(increment))
        {
            FailStream(streamId, ErrorCode.FlowControlError, ResetReason.WindowOverflow, events);
        }
        else if (streams[slot].WeMaySend)
        {
            events.OnSendWindow(streamId);
        }
    }

    private bool RefuseIdle() =>
        EndConnection(ErrorCode.ProtocolError, EndReason.FrameOnIdleStream, "a frame on a stream that was never opened");

    private bool BeginGoAway()
    {
        counters.GoAwaysReceived++;
        if (!CheckConnectionFrame()) return false;
        if (frame.Length < GoAwayFrame.FixedSize) return CheckLength(GoAwayFrame.FixedSize);
        expected = Math.Min(frame.Length, GoAwayFrame.FixedSize + GoAwayFrame.DebugBytesMax);
        skipAfter = frame.Length - expected;
        return true;
    }

    private void OnGoAway(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        var (lastStreamId, code) = GoAwayFrame.Read(payload);
        peerGoesAway = true;
        for (var slot = 0; slot < streams.Capacity; slot++)
        {
            var streamId = streams.IdAt(slot);
            if (streamId <= lastStreamId || !IsOwn(streamId)) continue;
            DropStream(streamId);
            events.OnReset(streamId, ErrorCode.RefusedStream, ResetReason.NotProcessed);
            slot = -1; // Slots moved.
        }

        events.OnGoAway(lastStreamId, code, payload[GoAwayFrame.FixedSize..]);
    }
}
