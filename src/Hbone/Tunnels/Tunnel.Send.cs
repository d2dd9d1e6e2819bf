using Mesh.Http2;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Tls13;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// The end of a turn: control frames, then what applications have, read straight into records that are sealed in place and leave in one
/// write. While the peer's TCP takes no more, nothing is read from applications.
/// </summary>
internal sealed partial class Tunnel
{
    /// <summary>Built and written at once: whole records, for a last one cut short would cost a read of its own.</summary>
    internal const int SendBytes = 15 * (RecordBatch.PayloadMax + RecordBatch.Overhead);

    /// <summary>After so much the other connections of the loop get their turn.</summary>
    private const int SendPerTurnBytes = 512 * 1024;

    private const int ReadRecordsMax = 16;

    /// <summary>What <see cref="Http2Engine.WriteDataHeader"/> writes.</summary>
    private const int DataHeaderBytes = 9;

    /// <summary>A record with less room than this is closed before the next stream's bytes are read.</summary>
    private const int RoomMin = 1024;

    private ReadyStreams readyStreams;
    private LoopBuffer? backlog;
    private int backlogStart;
    private int backlogEnd;

    private enum Filling
    {
        Drained,
        More,
        BatchFull,
    }

    /// <summary>A stream's application has something to read.</summary>
    public void QueueSend(TunnelStream stream)
    {
        if (IsEnded || stream.IsBlocked) return;
        readyStreams.Add(stream);
        RequestFlush();
    }

    void ILoopTurnEnd.OnTurnEnd()
    {
        flushRequested = false;
        if (IsEnded) return;
        if (!TrySendBacklog()) return; // The next edge of the socket brings us back.
        var sent = 0;
        while (sent < SendPerTurnBytes)
        {
            var bytes = SendBatch();
            if (IsEnded) return;
            if (bytes == 0)
            {
                CloseIfDone();
                return;
            }
            sent += bytes;
            if (backlog is not null) return;
            if (readyStreams.IsEmpty && engine.PendingControlBytes == 0) break;
        }
        if (!readyStreams.IsEmpty || engine.PendingControlBytes > 0) RequestFlush();
        else CloseIfDone();
    }

    private void RequestFlush()
    {
        if (flushRequested || IsEnded) return;
        flushRequested = true;
        Loop.RunAtEndOfTurn(this);
    }

    /// <summary>A client whose tunnel takes no more streams closes it behind the last one.</summary>
    private void CloseIfDone()
    {
        if (!IsDraining || engine.Role != Http2Role.Client || streams.Count > 0 || engine.ActiveStreams > 0) return;
        Cut(TunnelEndReason.Closed, "no streams left");
    }

    private int SendBatch()
    {
        var batch = new RecordBatch(Loop.SendScratch[..SendBytes], session);
        if (session.OwesKeyUpdate) batch.KeyUpdate();
        AddControl(ref batch);
        while (readyStreams.TakeFirst() is { } stream)
        {
            var filling = Fill(stream, ref batch);
            if (filling == Filling.More) readyStreams.Add(stream);
            if (filling != Filling.BatchFull) continue;
            readyStreams.PutBack(stream);
            break;
        }
        AddControl(ref batch); // Resets that reading caused.
        batch.Seal();
        var bytes = batch.Sealed.Length;
        if (bytes > 0 && !IsEnded) Send(batch.Sealed);
        return bytes;
    }

    private void AddControl(ref RecordBatch batch)
    {
        while (engine.PendingControlBytes > 0)
        {
            if (batch.Room == 0)
            {
                batch.Seal();
                if (batch.Room == 0) return; // The rest goes with the next batch.
            }
            batch.Commit(engine.TakeControl(batch.Free));
        }
    }

    /// <summary>Reads from one application into the open record, and into those behind it when the application has been sending much.</summary>
    private Filling Fill(TunnelStream stream, ref RecordBatch batch)
    {
        if (stream.IsGone || stream.Relay is not { HasApplicationEnded: false } relay) return Filling.Drained;
        var window = engine.SendWindow(stream.Id);
        if (window == 0)
        {
            stream.IsBlocked = true;
            return Filling.Drained;
        }
        if (batch.Room < DataHeaderBytes + RoomMin)
        {
            batch.Seal();
            if (batch.Room < DataHeaderBytes + RoomMin) return Filling.BatchFull;
        }
        var behind = Math.Min(stream.ReadRecords - 1, batch.RecordsBehind);
        var error = behind == 0
            ? ReadOne(relay.Application, ref batch, window, out var asked, out var received)
            : ReadMany(relay.Application, ref batch, behind, window, out asked, out received);
        if (error == Errno.WouldBlock && !relay.IsBroken) return Filling.Drained;
        if (error != Errno.None || received == 0 && relay.IsBroken)
        {
            relay.OnApplicationFailed(error);
            return Filling.Drained;
        }
        if (received == 0)
        {
            if (engine.WriteDataHeader(batch.Free, stream.Id, 0, endStream: true)) batch.Commit(DataHeaderBytes);
            relay.OnApplicationEnded();
            return Filling.Drained;
        }
        relay.CountFromApplication(received);
        if (received == asked) stream.ReadRecords = Math.Min(stream.ReadRecords * 2, ReadRecordsMax);
        else if (received < asked / 4) stream.ReadRecords = Math.Max(1, stream.ReadRecords / 2);
        Frame(stream, ref batch, received);
        return relay.Application.IsReadable ? Filling.More : Filling.Drained;
    }

    private static Errno ReadOne(LoopSocket application, ref RecordBatch batch, int window, out int asked, out int received)
    {
        var room = batch.Free[DataHeaderBytes..];
        if (room.Length > window) room = room[..window];
        asked = room.Length;
        return application.TryReceive(room, out received);
    }

    private static Errno ReadMany(LoopSocket application, ref RecordBatch batch, int behind, int window, out int asked, out int received)
    {
        var slices = new IoSliceList(stackalloc IoSlice[ReadRecordsMax]);
        for (var i = 0; i <= behind && slices.Bytes < window; i++)
        {
            var room = (i == 0 ? batch.Free : batch.Behind(i))[DataHeaderBytes..];
            var left = window - (int)slices.Bytes;
            slices.TryAdd(room.Length > left ? room[..left] : room);
        }
        asked = (int)slices.Bytes;
        return application.TryReceiveVector(ref slices, out received);
    }

    /// <summary>Puts frame headers before received bytes, which stand where <see cref="ReadOne"/> and <see cref="ReadMany"/> laid them.</summary>
    private void Frame(TunnelStream stream, ref RecordBatch batch, int received)
    {
        while (true)
        {
            var piece = Math.Min(received, batch.Room - DataHeaderBytes);
            var granted = engine.TakeSendWindow(stream.Id, piece);
            if (granted != piece || !engine.WriteDataHeader(batch.Free, stream.Id, piece, endStream: false))
            {
                throw new InvalidOperationException("A send window shrank between looking and taking.");
            }
            batch.Commit(DataHeaderBytes + piece);
            received -= piece;
            if (received == 0) return;
            batch.Seal();
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        var error = socket.TrySend(bytes, out var sent);
        if (error is not (Errno.None or Errno.WouldBlock))
        {
            End(TunnelEndReason.PeerGone, $"the connection broke: {error}");
            return;
        }
        if (sent == bytes.Length) return;
        var rest = bytes[sent..];
        backlog = Loop.Buffers.TryRent(rest.Length);
        if (backlog is null)
        {
            End(TunnelEndReason.OutOfBuffers, "no buffers left on this loop");
            return;
        }
        rest.CopyTo(backlog.Span);
        backlogStart = 0;
        backlogEnd = rest.Length;
    }

    private bool TrySendBacklog()
    {
        if (backlog is null) return true;
        var error = socket.TrySend(backlog.Span[backlogStart..backlogEnd], out var sent);
        if (error is not (Errno.None or Errno.WouldBlock))
        {
            End(TunnelEndReason.PeerGone, $"the connection broke: {error}");
            return false;
        }
        backlogStart += sent;
        if (backlogStart < backlogEnd) return false;
        Loop.Buffers.Return(backlog);
        backlog = null;
        return true;
    }

    /// <summary>The last record: what control frames wait, then an alert. Best effort, for the connection ends anyway.</summary>
    private void SendLast(AlertDescription alert)
    {
        if (!TrySendBacklog() || IsEnded) return;
        var batch = new RecordBatch(Loop.SendScratch[..SendBytes], session);
        AddControl(ref batch);
        batch.Seal();
        batch.Alert(alert);
        _ = socket.TrySend(batch.Sealed, out _);
    }

    private void ReleaseBuffers()
    {
        if (backlog is not null) Loop.Buffers.Return(backlog);
        if (partial is not null) Loop.Buffers.Return(partial);
        backlog = partial = null;
        while (readyStreams.TakeFirst() is not null) { }
    }
}
