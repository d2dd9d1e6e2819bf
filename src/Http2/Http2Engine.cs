using Mesh.Http2.Flow;
using Mesh.Http2.Frames;
using Mesh.Http2.Hpack;

namespace Mesh.Http2;

/// <summary>
/// RFC 9113 without I/O, for one connection and either role: received bytes in, <see cref="IHttp2Events"/> out, control
/// frames collected until their owner takes them. Owned by one connection, used on its thread. The owner frames DATA itself
/// (<see cref="TakeSendWindow"/>, <see cref="WriteDataHeader"/>), after it has taken all control output.
/// </summary>
public sealed partial class Http2Engine
{
    /// <summary>Assumed until the peer's first SETTINGS (RFC 9113, 6.5.2 suggests no less).</summary>
    private const int PeerAllowsStreamsAtFirst = 100;
    private const int FirstWindowBytes = 65_535;

    // Ended streams may still hold unconsumed data, so the table has room for as many again.
    private const int TableShare = 2;

    private readonly Http2Options options;
    private readonly Http2Limits limits;
    private readonly StreamTable streams;
    private readonly ResetMemory resets = new();
    private readonly ControlOutput output;
    private readonly HpackEncoder encoder;
    private readonly HpackDecoder decoder;
    private Http2Counters counters;

    private FlowWindow connectionSend = new(FirstWindowBytes);
    private ReceiveWindow connectionReceive;
    private int peerFirstWindow = FirstWindowBytes;
    private int peerFrameMax = FrameHeader.LengthMaxLowest;
    private uint peerHeaderListMax = uint.MaxValue;
    private int peerAllowsStreams = PeerAllowsStreamsAtFirst;
    private bool peerSettingsSeen;
    private bool settingsAcknowledged;

    private long nextOwnId; // Beyond any id once all are used.
    private int highestPeerId;
    private int acceptIdMax = int.MaxValue;
    private bool draining;
    private bool peerGoesAway;

    public Http2Engine(Http2Role role, Http2Options options)
    {
        Role = role;
        this.options = options;
        limits = options.Limits;
        streams = new StreamTable((options.PeerStreamsMax + options.OwnStreamsMax) * TableShare);
        output = new ControlOutput(limits.ControlBytesMax);
        encoder = new HpackEncoder(options.HeaderTableBytes);
        decoder = new HpackDecoder(options.HeaderTableBytes, limits.HeaderListBytesMax, limits.HeaderFieldsMax);
        connectionReceive = new ReceiveWindow(Math.Max(options.ConnectionWindowBytes, FirstWindowBytes));
        nextOwnId = role == Http2Role.Client ? 1 : 2;
        prefaceLeft = role == Http2Role.Server ? Preface.Size : 0;
        budgets = new FloodBudgets(limits);
        WritePreface();
    }

    public Http2Role Role { get; }

    /// <summary>Why the connection ended; none while it lives. Its GOAWAY waits in the control output.</summary>
    public ConnectionFault Fault { get; private set; }

    public bool IsEnded => !Fault.IsNone;

    /// <summary>No stream is accepted or opened any more; the connection may close when <see cref="ActiveStreams"/> is 0.</summary>
    public bool IsDraining => draining || peerGoesAway;

    /// <summary>The peer's first SETTINGS has come.</summary>
    public bool PeerSettingsReceived => peerSettingsSeen;

    /// <summary>Streams that are open or half-closed, whoever opened them.</summary>
    public int ActiveStreams => OwnStreams + PeerStreams;

    public int OwnStreams { get; private set; }
    public int PeerStreams { get; private set; }

    /// <summary>How many more streams <see cref="OpenStream"/> would open now; none for good once the ids are used up (RFC 9113, 5.1.1).</summary>
    public int StreamsToOpen =>
        IsEnded || IsDraining || AreIdsUsed ? 0 : Math.Clamp(Math.Min(options.OwnStreamsMax, peerAllowsStreams) - OwnStreams, 0, streams.Free);

    private bool AreIdsUsed => nextOwnId > int.MaxValue;

    public Http2Counters Counters => counters;

    /// <summary>Bytes of control frames that wait to be sent.</summary>
    public int PendingControlBytes => output.Pending;

    /// <summary>
    /// Moves control frames into the caller's buffer, in order. They must leave before any DATA framed afterwards, so take
    /// them before each <see cref="WriteDataHeader"/> and at the end of the turn.
    /// </summary>
    public int TakeControl(Span<byte> to) => output.Take(to);

    /// <summary>Gives rented memory back. The engine must not be used afterwards.</summary>
    public void Release()
    {
        output.Release();
        stash.Release();
        block.Release();
    }

    private void WritePreface()
    {
        if (Role == Http2Role.Client)
        {
            Preface.Bytes.CopyTo(output.Room(Preface.Size));
            output.Commit(Preface.Size);
        }

        Span<(SettingId Id, uint Value)> entries =
        [
            (SettingId.EnablePush, 0),
            (SettingId.MaxConcurrentStreams, (uint)options.PeerStreamsMax),
            (SettingId.InitialWindowSize, (uint)options.StreamWindowBytes),
            (SettingId.MaxFrameSize, (uint)options.FrameBytesMax),
            (SettingId.MaxHeaderListSize, (uint)limits.HeaderListBytesMax),
            (SettingId.HeaderTableSize, (uint)options.HeaderTableBytes),
        ];
        if (Role == Http2Role.Server) entries = entries[1..]; // 6.5.2: a server does not speak of push.
        var size = FrameHeader.Size + entries.Length * SettingsFrame.EntrySize;
        var room = output.Room(size);
        new FrameHeader(size - FrameHeader.Size, FrameType.Settings, 0, 0).Write(room);
        for (var i = 0; i < entries.Length; i++)
        {
            SettingsFrame.WriteEntry(room[(FrameHeader.Size + i * SettingsFrame.EntrySize)..], entries[i].Id, entries[i].Value);
        }

        output.Commit(size);
        var more = options.ConnectionWindowBytes - FirstWindowBytes;
        if (more > 0) WriteWindowUpdate(0, more);
    }

    private bool IsOwn(int streamId) => (streamId & 1L) == (nextOwnId & 1L);

    /// <summary>Never opened, as opposed to ended.</summary>
    private bool IsIdle(int streamId) => IsOwn(streamId) ? streamId >= nextOwnId : streamId > highestPeerId;

    /// <summary>Ends the connection: the GOAWAY goes out behind what was pending. Always false, for its callers to return.</summary>
    private bool EndConnection(ErrorCode code, EndReason reason, string text)
    {
        if (IsEnded) return false;
        Fault = new ConnectionFault(code, reason, text);
        WriteGoAway(Math.Min(highestPeerId, acceptIdMax), code, text);
        return false;
    }

    /// <summary>Room for an answer that the peer provokes; without room the peer is not reading.</summary>
    private bool TryMakeRoom(int bytes) =>
        output.HasRoom(bytes)
        || EndConnection(ErrorCode.EnhanceYourCalm, EndReason.ControlBacklog, "the peer does not read what it asks for");

    private void CountStream(int streamId, int change)
    {
        if (IsOwn(streamId)) OwnStreams += change;
        else PeerStreams += change;
    }

    /// <summary>Forgets a stream at once; what its owner had not consumed goes back to the connection.</summary>
    private void DropStream(int streamId)
    {
        var slot = streams.Find(streamId);
        if (slot < 0) return;
        var unconsumed = streams[slot].Unconsumed;
        if (streams[slot].State != StreamState.Closed) CountStream(streamId, -1);
        streams.Remove(streamId);
        if (unconsumed > 0) ReturnToConnection(unconsumed);
    }

    /// <summary>After one direction ended: a stream whose both have is no longer counted, and is forgotten once it is consumed.</summary>
    private void SettleStream(int slot)
    {
        ref var stream = ref streams[slot];
        if (stream.State != StreamState.Closed) return;
        CountStream(stream.Id, -1);
        if (stream.Unconsumed == 0) streams.Remove(stream.Id);
    }

    private void ReturnToConnection(int bytes)
    {
        var increment = connectionReceive.Return(bytes, options.ConnectionWindowBytes);
        if (increment > 0) WriteWindowUpdate(0, increment);
    }

    private void WriteWindowUpdate(int streamId, int increment)
    {
        if (!TryMakeRoom(WindowUpdateFrame.Size)) return;
        WindowUpdateFrame.Write(output.Room(WindowUpdateFrame.Size), streamId, increment);
        output.Commit(WindowUpdateFrame.Size);
        counters.WindowUpdatesSent++;
    }

    private void WriteReset(int streamId, ErrorCode code)
    {
        if (!TryMakeRoom(RstStreamFrame.Size)) return;
        RstStreamFrame.Write(output.Room(RstStreamFrame.Size), streamId, code);
        output.Commit(RstStreamFrame.Size);
        resets.Add(streamId);
        counters.ResetsSent++;
    }
}
