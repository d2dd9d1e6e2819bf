using System.Buffers;
using Mesh.Http2.Frames;
using Mesh.Http2.Hpack;
using Mesh.Http2.Rules;

namespace Mesh.Http2;

/// <summary>HEADERS and CONTINUATION: one bounded block, decoded, checked, and given to the stream it opens or answers.</summary>
public sealed partial class Http2Engine
{
    private ByteStash block;

    /// <summary>The stream whose block is unfinished, 0 between blocks.</summary>
    private int blockStreamId;
    private bool blockEndsStream;
    private int continuations;

    private bool BeginHeaders()
    {
        if (frame.StreamId == 0)
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.StreamIdWrong, "HEADERS names no stream");
        }

        // A stream's own side opens it; only the client's streams exist here, because push is off.
        if ((frame.StreamId & 1) == 0)
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.StreamIdWrong, "HEADERS on a stream of the server");
        }

        if (Role == Http2Role.Client && IsIdle(frame.StreamId))
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.FrameOnIdleStream, "HEADERS on a stream that we did not open");
        }

        return frame.Length <= limits.HeaderBlockBytesMax + HeadersFrame.AroundFragmentMax
            || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.HeaderBlockTooLarge, "a header block is too large");
    }

    private bool BeginContinuation()
    {
        counters.ContinuationsReceived++;
        if (blockStreamId == 0)
        {
            return EndConnection(ErrorCode.ProtocolError, EndReason.ContinuationUnexpected, "CONTINUATION continues nothing");
        }

        if (++continuations > limits.ContinuationsMax)
        {
            return EndConnection(ErrorCode.EnhanceYourCalm, EndReason.ContinuationFlood, "too many CONTINUATION frames");
        }

        return block.Length + frame.Length <= limits.HeaderBlockBytesMax
            || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.HeaderBlockTooLarge, "a header block is too large");
    }

    private void OnHeadersFrame(ReadOnlySpan<byte> payload, IHttp2Events events)
    {
        if (!HeadersFrame.TryGetFragment(frame, payload, out var fragment))
        {
            EndConnection(ErrorCode.ProtocolError, EndReason.PaddingTooLong, "padding fills more than its frame");
            return;
        }

        blockStreamId = frame.StreamId;
        blockEndsStream = frame.Has(FrameFlags.EndStream);
        continuations = 0;
        OnBlockFragment(fragment, events);
    }

    private void OnBlockFragment(ReadOnlySpan<byte> fragment, IHttp2Events events)
    {
        var whole = frame.Has(FrameFlags.EndHeaders);
        if (whole && block.Length == 0)
        {
            OnBlock(fragment, events);
            return;
        }

        block.Append(fragment);
        if (!whole) return;
        var collected = block;
        block = default;
        OnBlock(collected.Bytes, events);
        collected.Release();
    }

    private void OnBlock(ReadOnlySpan<byte> bytes, IHttp2Events events)
    {
        var streamId = blockStreamId;
        blockStreamId = 0;
        var room = ArrayPool<byte>.Shared.Rent(limits.HeaderListBytesMax);
        try
        {
            var outcome = decoder.Decode(bytes, room.AsSpan(0, limits.HeaderListBytesMax), out var packedLength);
            if (outcome is HpackOutcome.Malformed)
            {
                EndConnection(ErrorCode.CompressionError, EndReason.HeaderBlockUndecodable, "a header block cannot be decoded");
                return;
            }

            if (outcome is HpackOutcome.FieldTooLarge)
            {
                EndConnection(ErrorCode.EnhanceYourCalm, EndReason.HeaderBlockTooLarge, "one header field passes the limit of the list");
                return;
            }

            var fields = new HeaderFields(room.AsSpan(0, packedLength));
            var tooLarge = outcome == HpackOutcome.ListTooLarge;
            if (tooLarge) counters.HeaderListsTooLarge++;
            if (streams.Find(streamId) >= 0) OnFieldsOfStream(streamId, fields, tooLarge, events);
            else if (Role == Http2Role.Server && streamId > highestPeerId) OnRequestFields(streamId, fields, tooLarge, events);
            else OnFieldsOfClosedStream(streamId);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }
    }

    private void OnRequestFields(int streamId, HeaderFields fields, bool tooLarge, IHttp2Events events)
    {
        highestPeerId = streamId;
        if (streamId > acceptIdMax) return; // Opened before it saw our GOAWAY, which says that we did not look (6.8).
        if (tooLarge)
        {
            FailStream(streamId, ErrorCode.EnhanceYourCalm, ResetReason.HeadersTooLarge, events);
            return;
        }

        if (HeaderRules.CheckRequest(fields, out var isConnect) != HeaderVerdict.WellFormed)
        {
            counters.HeadersMalformed++;
            FailStream(streamId, ErrorCode.ProtocolError, ResetReason.HeadersMalformed, events);
            return;
        }

        if (PeerStreams >= options.PeerStreamsMax || streams.IsFull)
        {
            counters.StreamsRefused++;
            FailStream(streamId, ErrorCode.RefusedStream, ResetReason.NotProcessed, events);
            return;
        }

        counters.StreamsAccepted++;
        var state = blockEndsStream ? StreamState.HalfClosedRemote : StreamState.Open;
        AddStream(streamId, state, isConnect);
        events.OnRequest(streamId, fields, blockEndsStream);
        if (state == StreamState.HalfClosedRemote && streams.Find(streamId) >= 0) events.OnEndOfStream(streamId);
    }

    private void AddStream(int streamId, StreamState state, bool isConnect)
    {
        var window = settingsAcknowledged ? options.StreamWindowBytes : Math.Max(options.StreamWindowBytes, FirstWindowBytes);
        streams.Add(new Stream(streamId, state, peerFirstWindow, window) { IsConnect = isConnect });
        CountStream(streamId, +1);
    }

    private void OnFieldsOfStream(int streamId, HeaderFields fields, bool tooLarge, IHttp2Events events)
    {
        ref var stream = ref streams[streams.Find(streamId)];
        if (!stream.PeerMaySend)
        {
            FailStream(streamId, ErrorCode.StreamClosed, ResetReason.FrameAfterEnd, events);
        }
        else if (tooLarge)
        {
            FailStream(streamId, ErrorCode.EnhanceYourCalm, ResetReason.HeadersTooLarge, events);
        }
        else if (Role == Http2Role.Client && !stream.Answered)
        {
            OnResponseFields(ref stream, fields, events);
        }
        else if (stream.IsConnect)
        {
            FailStream(streamId, ErrorCode.ProtocolError, ResetReason.FrameForbidden, events); // 8.5
        }
        else if (!blockEndsStream || HeaderRules.CheckTrailers(fields) != HeaderVerdict.WellFormed)
        {
            counters.HeadersMalformed++;
            FailStream(streamId, ErrorCode.ProtocolError, ResetReason.HeadersMalformed, events);
        }
        else
        {
            events.OnTrailers(streamId, fields);
            EndPeerDirection(streamId, events);
        }
    }

    private void OnResponseFields(ref Stream stream, HeaderFields fields, IHttp2Events events)
    {
        var streamId = stream.Id;
        var informational = fields.Status is >= 100 and < 200;
        if (HeaderRules.CheckResponse(fields) != HeaderVerdict.WellFormed || (informational && blockEndsStream))
        {
            counters.HeadersMalformed++;
            FailStream(streamId, ErrorCode.ProtocolError, ResetReason.HeadersMalformed, events);
            return;
        }

        stream.Answered = !informational;
        // 8.5: only a 2xx makes a tunnel of it; anything else is an ordinary response, which may have trailers.
        if (!informational && fields.Status is < 200 or > 299) stream.IsConnect = false;
        var ends = blockEndsStream;
        events.OnResponse(streamId, fields, ends);
        if (ends) EndPeerDirection(streamId, events);
    }

    private void OnFieldsOfClosedStream(int streamId)
    {
        // Late answers to what we reset are ordinary; a client has ended nothing in another way that could be answered.
        if (resets.Contains(streamId) || Role == Http2Role.Client)
        {
            OnClosedStreamFrame(answer: false);
            return;
        }

        counters.ClosedStreamFrames++;
        EndConnection(ErrorCode.StreamClosed, EndReason.HeadersOnClosedStream, "HEADERS on a stream that has ended");
    }

    /// <summary>Resets a stream for the peer's fault, and tells its owner if there is one. False when the connection ended of it.</summary>
    private bool FailStream(int streamId, ErrorCode code, ResetReason reason, IHttp2Events events)
    {
        counters.StreamFaults++;
        var known = streams.Find(streamId) >= 0;
        DropStream(streamId);
        WriteReset(streamId, code);
        if (known) events.OnReset(streamId, code, reason);
        return !IsEnded && (budgets.StreamFaults.TrySpend()
            || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.StreamFaultFlood, "too many faulty streams"));
    }
}
