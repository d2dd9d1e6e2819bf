using Mesh.Hbone.Tunnels;
using Mesh.Http2;
using Mesh.Linux;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>
/// One CONNECT: hand it to a <see cref="TunnelRelay"/>, or <see cref="Abort"/> it. Belongs to its tunnel's loop. Holds no buffer unless
/// bytes wait that the application has not taken.
/// </summary>
public sealed class TunnelStream
{
    private const int SlicesPerWrite = 64;

    private readonly Tunnel tunnel;
    private TunnelRelay? relay;
    private StreamBuffer? pending;
    private int unchargedBytes;

    internal TunnelStream(Tunnel tunnel, int id)
    {
        this.tunnel = tunnel;
        Id = id;
    }

    public TunnelPeer Peer => tunnel.Peer;

    /// <summary>The answer's status; 0 before it came.</summary>
    public int Status { get; internal set; }

    internal int Id { get; }
    internal TunnelRelay? Relay => relay;

    /// <summary>The peer ended its direction.</summary>
    internal bool PeerEnded { get; set; }
    internal bool IsGone { get; private set; }
    internal RelayEnd GoneBecause { get; private set; }
    internal int PendingBytes => pending?.Bytes ?? 0;

    // Places in the tunnel's lists.
    internal TunnelStream? NextReady { get; set; }
    internal bool IsReady { get; set; }
    internal bool IsBlocked { get; set; }
    internal bool IsTouched { get; set; }
    internal int FirstSlice { get; set; } = -1;
    internal int LastSlice { get; set; } = -1;

    /// <summary>How many records the next read is laid out for: grows while reads fill them.</summary>
    internal int ReadRecords { get; set; } = 1;

    /// <summary>Client: when the answer is due, in the loop's milliseconds; 0 when it came.</summary>
    internal long AnswerDue { get; set; }

    /// <summary>Ends the stream now; the peer sees a cancelled stream.</summary>
    public void Abort()
    {
        if (IsGone) return;
        tunnel.Reset(this, ErrorCode.Cancel);
        Vanish(RelayEnd.Closed);
    }

    /// <summary>Who awaits the answer to the CONNECT; null when nobody does, which is most streams.</summary>
    internal TunnelAnswer? Answer { get; set; }

    internal void CompleteConnect(TunnelConnected outcome)
    {
        AnswerDue = 0;
        var awaited = Answer;
        Answer = null;
        awaited?.Complete(outcome);
    }

    internal void Attach(TunnelRelay attached) => relay = attached;

    internal void Queue() => tunnel.QueueSend(this);

    /// <summary>Bytes of our own that go to the application before any of the peer's.</summary>
    internal bool TryPrepend(ReadOnlySpan<byte> bytes)
    {
        var front = new StreamBuffer(tunnel.Loop.Buffers);
        if (!front.TryAppend(bytes)) return false;
        unchargedBytes += bytes.Length;
        if (pending is { Bytes: > 0 } behind)
        {
            Span<IoSlice> storage = stackalloc IoSlice[SlicesPerWrite];
            while (behind.Bytes > 0)
            {
                var slices = new IoSliceList(storage);
                behind.List(ref slices);
                for (var i = 0; i < slices.Count; i++)
                {
                    if (!front.TryAppend(slices[i])) return false;
                }
                behind.Advance((int)slices.Bytes);
            }
        }
        pending = front;
        return true;
    }

    /// <summary>Sends what one read brought for this stream, in order, and keeps what the application does not take.</summary>
    internal void Deliver(Gathering gathering, ReadOnlySpan<byte> scratch)
    {
        Span<IoSlice> storage = stackalloc IoSlice[SlicesPerWrite];
        var at = FirstSlice;
        FirstSlice = LastSlice = -1;
        while (at >= 0 && !IsGone)
        {
            var slices = new IoSliceList(storage);
            while (at >= 0 && slices.Free > 0)
            {
                var (offset, length, next) = gathering[at];
                slices.TryAdd(scratch.Slice(offset, length));
                at = next;
            }
            Deliver(ref slices);
        }
    }

    /// <summary>Tries to send what waits; called when the application can take more.</summary>
    internal void DrainPending()
    {
        Span<IoSlice> storage = stackalloc IoSlice[SlicesPerWrite];
        while (pending is { Bytes: > 0 } waiting && relay is { } to)
        {
            var slices = new IoSliceList(storage);
            waiting.List(ref slices);
            var error = to.WriteApplication(ref slices, out var sent);
            if (sent > 0)
            {
                waiting.Advance(sent);
                GiveBack(sent);
            }
            if (waiting.Bytes == 0) pending = null;
            if (error == Errno.WouldBlock) return;
            if (error != Errno.None)
            {
                to.OnApplicationBroke(error);
                return;
            }
        }
    }

    /// <summary>Whatever can be told to the relay is told: waiting bytes first, then the end.</summary>
    internal void Settle()
    {
        if (relay is null) return;
        if (PendingBytes > 0) DrainPending();
        relay.OnStreamProgress();
    }

    /// <summary>The stream is over, both ways, without our doing or by our decision; its relay ends after what waits is delivered.</summary>
    internal void Vanish(RelayEnd because)
    {
        if (IsGone) return;
        IsGone = true;
        // Both directions had ended before their tunnel did: only what waits for the application is left to do.
        var isDone = PeerEnded && relay is { HasApplicationEnded: true } && !tunnel.HasBacklog;
        GoneBecause = because == RelayEnd.TunnelClosed && isDone ? RelayEnd.Closed : because;
        tunnel.Forget(this);
        if (relay is null) pending?.Clear();
        Settle();
    }

    /// <summary>The request was answered with a refusal, which ended our direction; what the peer still sends is dropped.</summary>
    internal void Refuse()
    {
        if (IsGone) return;
        tunnel.Reset(this, ErrorCode.NoError); // RFC 9113, 8.1: the answer is complete, the rest of the request is not wanted.
        Vanish(RelayEnd.Closed);
    }

    /// <summary>The relay is done with us.</summary>
    internal void Close()
    {
        pending?.Clear();
        pending = null;
        if (IsGone) return;
        IsGone = true;
        tunnel.Forget(this);
    }

    internal void ResetStream(ErrorCode code) => tunnel.Reset(this, code);

    private void Deliver(ref IoSliceList slices)
    {
        if (PendingBytes == 0 && relay is { } to)
        {
            var error = to.WriteApplication(ref slices, out var sent);
            if (sent > 0) GiveBack(sent);
            if (error is not (Errno.None or Errno.WouldBlock))
            {
                to.OnApplicationBroke(error);
                if (!IsGone) GiveBack((int)slices.Bytes); // Nobody takes the rest.
                return;
            }
        }
        if (slices.Bytes == 0) return;
        pending ??= new StreamBuffer(tunnel.Loop.Buffers);
        for (var i = 0; i < slices.Count; i++)
        {
            if (pending.TryAppend(slices[i])) continue;
            // No buffers left on this loop: one stream ends, the others live.
            tunnel.Reset(this, ErrorCode.EnhanceYourCalm);
            Vanish(RelayEnd.OutOfBuffers);
            return;
        }
    }

    private void GiveBack(int bytes)
    {
        var own = Math.Min(unchargedBytes, bytes);
        unchargedBytes -= own;
        relay!.CountToApplication(bytes - own);
        if (bytes > own) tunnel.Consumed(Id, bytes - own);
    }
}
