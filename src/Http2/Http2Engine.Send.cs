using Mesh.Http2.Frames;
using Mesh.Http2.Hpack;

namespace Mesh.Http2;

/// <summary>What the owner asks for.</summary>
public sealed partial class Http2Engine
{
    /// <summary>Sent with the PING of a drain; never given to the owner.</summary>
    private const ulong DrainPayload = 0x6d65_7368_6472_6169;

    private const int StatusTextSize = 3;

    /// <summary>Client: a CONNECT tunnel. The fields start with <c>:method CONNECT</c> and <c>:authority</c>.</summary>
    public OpenOutcome OpenConnectStream(HeaderFields fields, out int streamId) => OpenStream(fields, endStream: false, out streamId);

    /// <summary>Client: any request. Well-formed fields are the caller's duty.</summary>
    public OpenOutcome OpenStream(HeaderFields fields, bool endStream, out int streamId)
    {
        streamId = 0;
        if (Role != Http2Role.Client) throw new InvalidOperationException("A server opens no streams: push is not spoken here.");
        if (IsEnded) return OpenOutcome.ConnectionEnded;
        if (IsDraining) return OpenOutcome.GoingAway;
        if (AreIdsUsed) return OpenOutcome.IdsExhausted;
        if (OwnStreams >= Math.Min(options.OwnStreamsMax, peerAllowsStreams) || streams.IsFull) return OpenOutcome.TooManyStreams;
        if (ListSize(fields) > peerHeaderListMax) return OpenOutcome.HeadersTooLarge;
        if (!CanWriteHeaders(fields)) return OpenOutcome.ControlBacklog;

        streamId = (int)nextOwnId;
        nextOwnId += 2;
        AddStream(streamId, endStream ? StreamState.HalfClosedLocal : StreamState.Open, fields.Method.SequenceEqual("CONNECT"u8));
        WriteHeaders(streamId, fields, endStream);
        counters.StreamsOpened++;
        return OpenOutcome.Opened;
    }

    /// <summary>
    /// Server: the status, then the caller's fields. False when the stream is gone, or the peer reads nothing any more
    /// (then the connection has ended).
    /// </summary>
    public bool Respond(int streamId, int status, HeaderFields fields, bool endStream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        var slot = streams.Find(streamId);
        if (IsEnded || slot < 0 || !streams[slot].WeMaySend) return false;
        if (streams[slot].Answered) throw new InvalidOperationException("The stream was answered before.");

        Span<byte> digits = stackalloc byte[StatusTextSize];
        digits[0] = (byte)('0' + status / 100);
        digits[1] = (byte)('0' + status / 10 % 10);
        digits[2] = (byte)('0' + status % 10);
        var pseudoSize = HeaderFields.FieldOverhead + ":status"u8.Length + StatusTextSize;
        using var packed = new PackedScratch(pseudoSize + fields.Packed.Length);
        HeaderFields.Pack(packed.Bytes, ":status"u8, digits, HeaderIndexing.Remember);
        fields.Packed.CopyTo(packed.Bytes[pseudoSize..]);
        var whole = new HeaderFields(packed.Bytes);
        if (!TryMakeRoom(HeadersRoom(whole))) return false;

        streams[slot].Answered = status >= 200;
        if (status > 299) streams[slot].IsConnect = false; // 8.5: refused, so an ordinary response.
        WriteHeaders(streamId, whole, endStream);
        if (endStream) EndOurDirection(slot);
        return true;
    }

    /// <summary>Fields after the body, which end our direction. False when the stream is gone.</summary>
    public bool SendTrailers(int streamId, HeaderFields fields)
    {
        var slot = streams.Find(streamId);
        if (IsEnded || slot < 0 || !streams[slot].WeMaySend || !TryMakeRoom(HeadersRoom(fields))) return false;
        WriteHeaders(streamId, fields, endStream: true);
        EndOurDirection(slot);
        return true;
    }

    /// <summary>How much DATA the stream may carry now; 0 when it is gone. One frame carries at most <see cref="FrameBytesMax"/>.</summary>
    public int SendWindow(int streamId)
    {
        var slot = streams.Find(streamId);
        if (IsEnded || slot < 0 || !streams[slot].WeMaySend) return 0;
        return Math.Max(0, Math.Min(streams[slot].Send.Available, connectionSend.Available));
    }

    /// <summary>The longest frame the peer takes.</summary>
    public int FrameBytesMax => peerFrameMax;

    /// <summary>Takes up to so many bytes from both windows, never more than one frame holds. What is taken must be sent.</summary>
    public int TakeSendWindow(int streamId, int wanted)
    {
        var slot = streams.Find(streamId);
        if (IsEnded || slot < 0 || !streams[slot].WeMaySend) return 0;
        ref var stream = ref streams[slot];
        var taken = Math.Min(Math.Min(wanted, peerFrameMax), Math.Min(stream.Send.Available, connectionSend.Available));
        if (taken <= 0) return 0;
        _ = stream.Send.TryTake(taken);
        _ = connectionSend.TryTake(taken);
        return taken;
    }

    /// <summary>
    /// Writes the nine bytes before payload whose length <see cref="TakeSendWindow"/> has granted, or before none to end the
    /// direction. False, with nothing written, when the stream is gone.
    /// </summary>
    public bool WriteDataHeader(Span<byte> nineBytes, int streamId, int length, bool endStream)
    {
        var slot = streams.Find(streamId);
        if (IsEnded || slot < 0 || !streams[slot].WeMaySend) return false;
        new FrameHeader(length, FrameType.Data, endStream ? FrameFlags.EndStream : (byte)0, streamId).Write(nineBytes);
        counters.DataBytesSent += length;
        if (endStream) EndOurDirection(slot);
        return true;
    }

    /// <summary>Ends a stream at once, both ways; its owner hears no more of it. Nothing happens when it is gone already.</summary>
    public void Reset(int streamId, ErrorCode code)
    {
        if (IsEnded || streams.Find(streamId) < 0) return;
        DropStream(streamId);
        WriteReset(streamId, code);
    }

    /// <summary>Both directions' state, for pages that show it; null when the stream is gone.</summary>
    public StreamState? StateOf(int streamId) => streams.Find(streamId) is var slot and >= 0 ? streams[slot].State : null;

    /// <summary>Asks the peer for a sign of life; <see cref="IHttp2Events.OnPong"/> brings the payload back.</summary>
    public void Ping(ulong payload)
    {
        if (!IsEnded) WritePing(payload, ack: false);
    }

    /// <summary>
    /// Winds down without cutting: a GOAWAY that promises to look at all streams, a PING, and when it came back (so that no
    /// stream is on its way any more) the GOAWAY that names the last one. Streams finish.
    /// </summary>
    public void Drain()
    {
        if (IsEnded || draining) return;
        draining = true;
        WriteGoAway(int.MaxValue, ErrorCode.NoError, "");
        WritePing(DrainPayload, ack: false);
    }

    /// <summary>Ends the connection now, with all its streams.</summary>
    public void GoAway(ErrorCode code, string text) => EndConnection(code, EndReason.OwnerDecision, text);

    private void FinishDrain()
    {
        if (!draining || acceptIdMax != int.MaxValue) return;
        acceptIdMax = highestPeerId;
        WriteGoAway(acceptIdMax, ErrorCode.NoError, "");
    }

    private void EndOurDirection(int slot)
    {
        streams[slot].EndOurs();
        SettleStream(slot);
    }

    private static long ListSize(HeaderFields fields)
    {
        long size = 0;
        foreach (var field in fields) size += field.Name.Length + field.Value.Length + DynamicTable.EntryOverhead;
        return size;
    }

    // Continuations, if there are any, cost a frame header each.
    private int HeadersRoom(HeaderFields fields)
    {
        var size = HpackEncoder.SizeMax(fields);
        return size + FrameHeader.Size * (1 + size / peerFrameMax);
    }

    private bool CanWriteHeaders(HeaderFields fields) => output.HasRoom(HeadersRoom(fields));

    private void WriteHeaders(int streamId, HeaderFields fields, bool endStream)
    {
        var room = output.Room(HeadersRoom(fields));
        var length = encoder.Encode(fields, room[FrameHeader.Size..]);
        var streamFlag = endStream ? FrameFlags.EndStream : (byte)0;
        var pieces = Math.Max(1, (length + peerFrameMax - 1) / peerFrameMax);
        // From the last to the second, each piece moves up to make room for the headers before it.
        for (var piece = pieces - 1; piece > 0; piece--)
        {
            var from = FrameHeader.Size + piece * peerFrameMax;
            var size = Math.Min(peerFrameMax, length - piece * peerFrameMax);
            var to = from + piece * FrameHeader.Size;
            room.Slice(from, size).CopyTo(room[to..]);
            var flags = piece == pieces - 1 ? FrameFlags.EndHeaders : (byte)0;
            new FrameHeader(size, FrameType.Continuation, flags, streamId).Write(room[(to - FrameHeader.Size)..]);
        }

        var firstFlags = (byte)(streamFlag | (pieces == 1 ? FrameFlags.EndHeaders : 0));
        new FrameHeader(Math.Min(length, peerFrameMax), FrameType.Headers, firstFlags, streamId).Write(room);
        output.Commit(length + pieces * FrameHeader.Size);
    }

    private void WritePing(ulong payload, bool ack)
    {
        if (!TryMakeRoom(PingFrame.Size)) return;
        PingFrame.Write(output.Room(PingFrame.Size), payload, ack);
        output.Commit(PingFrame.Size);
    }

    private void WriteGoAway(int lastStreamId, ErrorCode code, string text)
    {
        Span<byte> debugData = stackalloc byte[GoAwayFrame.DebugBytesMax];
        _ = System.Text.Encoding.UTF8.TryGetBytes(text, debugData, out var length); // Too long: none of it.
        var size = GoAwayFrame.Size(debugData[..length]);
        GoAwayFrame.Write(output.Room(size), lastStreamId, code, debugData[..length]);
        output.Commit(size);
    }
}
