using Mesh.Http2;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// One TLS connection that carries CONNECT streams, either role. Receives and opens in the loop's scratch, delivers to applications,
/// and sends at the end of a turn all that its streams have, in as few records and writes as fit. Owns its socket; one loop.
/// </summary>
internal sealed partial class Tunnel : ILoopSource, ILoopTurnEnd, ILoopTimerTarget, ILoopWork, IHttp2Events
{
    private readonly LoopSocket socket;
    private readonly TlsSession session;
    private readonly Http2Engine engine;
    private readonly ITunnelOwner owner;
    private readonly LoopTimer timer;
    private readonly Dictionary<int, TunnelStream> streams = [];
    private int awaited;
    private bool flushRequested;
    private long drainStarted;

    public Tunnel(LoopSocket socket, TlsSession session, Http2Role role, HboneOptions options, TunnelPeer peer, ITunnelOwner owner)
    {
        this.socket = socket;
        this.session = session;
        this.owner = owner;
        Loop = socket.Loop;
        Options = options;
        Peer = peer;
        engine = new Http2Engine(role, options.ForRole(role));
        timer = new LoopTimer(Loop, this);
    }

    public EventLoop Loop { get; }
    public HboneOptions Options { get; }
    public TunnelPeer Peer { get; }
    public bool IsEnded { get; private set; }

    /// <summary>The socket outlives the tunnel: its owner closes it.</summary>
    public bool LeavesSocket { get; init; }
    public int ActiveStreams => engine.ActiveStreams;

    /// <summary>How many more streams may be opened now.</summary>
    public int Room => IsEnded ? 0 : engine.StreamsToOpen;

    /// <summary>Begins with bytes that came behind the handshake.</summary>
    public void Start(ReadOnlySpan<byte> received)
    {
        socket.Sink = this;
        timer.Arm(TunnelTimes.Tick);
        RequestFlush();
        received.CopyTo(Loop.ReceiveScratch);
        try
        {
            SaveRest(Process(received.Length));
            if (!IsEnded) ReceiveAll();
        }
        catch (Exception fault)
        {
            Loop.ReportFault(nameof(Tunnel), fault); // As the loop does for what it calls itself.
            ((ILoopSource)this).OnFault(fault);
        }
    }

    /// <summary>Client: asks for a stream; null with the outcome when that is not possible now.</summary>
    public TunnelStream? Open(HeaderFields fields, out OpenOutcome outcome)
    {
        var id = 0;
        outcome = IsEnded ? OpenOutcome.ConnectionEnded : engine.OpenConnectStream(fields, out id);
        if (outcome != OpenOutcome.Opened) return null;
        var stream = new TunnelStream(this, id)
        {
            AnswerDue = Loop.NowMilliseconds + (long)Options.ResponseTimeout.TotalMilliseconds,
        };
        streams.Add(stream.Id, stream);
        awaited++;
        RequestFlush();
        return stream;
    }

    /// <summary>Server: takes a stream that was asked for.</summary>
    public TunnelStream Adopt(int streamId)
    {
        var stream = new TunnelStream(this, streamId);
        streams.Add(streamId, stream);
        return stream;
    }

    /// <summary>Server: answers a CONNECT; false when the stream is gone.</summary>
    public bool Respond(int streamId, int status, HeaderFields fields, bool endStream)
    {
        if (IsEnded || !engine.Respond(streamId, status, fields, endStream)) return false;
        RequestFlush();
        return true;
    }

    public void Reset(TunnelStream stream, ErrorCode code)
    {
        if (IsEnded) return;
        engine.Reset(stream.Id, code);
        RequestFlush();
    }

    public void Consumed(int streamId, int bytes)
    {
        if (IsEnded) return;
        engine.Consumed(streamId, bytes);
        if (engine.PendingControlBytes > 0) RequestFlush();
    }

    /// <summary>A stream's owner is done with it.</summary>
    public void Forget(TunnelStream stream)
    {
        if (!streams.Remove(stream.Id) || IsEnded) return;
        if (stream.AnswerDue > 0) awaited--;
        owner.OnRoom(this);
        if (IsDraining && engine.Role == Http2Role.Client) RequestFlush(); // The end of the turn looks whether we are done.
    }

    /// <summary>Bytes wait for the peer to take them.</summary>
    internal bool HasBacklog => backlog is not null;

    /// <summary>No new streams; the connection closes when the last one ended.</summary>
    public void Drain()
    {
        if (IsEnded || drainStarted > 0) return;
        drainStarted = Loop.NowMilliseconds;
        if (engine.Role == Http2Role.Server) engine.Drain();
        timer.Arm(TunnelTimes.Tick);
        RequestFlush();
    }

    public bool IsDraining => drainStarted > 0 || engine.IsDraining;

    /// <summary>Ends now, telling the peer why if it listens.</summary>
    public void Cut(TunnelEndReason reason, string detail)
    {
        if (IsEnded) return;
        engine.GoAway(ErrorCode.NoError, "");
        SendLast(reason == TunnelEndReason.CertificateRevoked ? AlertDescription.CertificateRevoked : AlertDescription.CloseNotify);
        End(reason, detail);
    }

    void ILoopSource.OnReady(ReadyEvents ready)
    {
        if (IsEnded) return;
        if (socket.IsReadable && !goesOn) ReceiveAll();
        if (IsEnded || !socket.IsWritable) return;
        if (backlog is not null || !readyStreams.IsEmpty) RequestFlush();
    }

    void ILoopSource.OnFault(Exception fault)
    {
        Gathering.Current.Abandon(); // Whatever was being worked off is not the next tunnel's.
        End(TunnelEndReason.Fault, fault.Message);
    }

    void ILoopWork.Run()
    {
        goesOn = false;
        if (!IsEnded) ReceiveAll();
    }

    void ILoopTimerTarget.OnTimer(LoopTimer due)
    {
        if (IsEnded) return;
        var now = Loop.NowMilliseconds;
        if (!engine.OnTick(TimeSpan.FromMilliseconds(now)))
        {
            EndByEngine();
            return;
        }
        if (awaited > 0) EndLateAnswers(now);
        if (engine.PendingControlBytes > 0) RequestFlush();
        var drainIsOver = drainStarted > 0 && now - drainStarted >= TunnelTimes.Tick.TotalMilliseconds;
        // What TCP has not taken yet is still on its way; a peer that takes nothing at all is found out by silence.
        if (drainIsOver && streams.Count == 0 && engine.ActiveStreams == 0 && backlog is null)
        {
            Cut(TunnelEndReason.Closed, "drained");
            return;
        }
        owner.OnTick(this, now);
        if (!IsEnded) timer.Arm(engine.ActiveStreams > 0 || drainStarted > 0 ? TunnelTimes.Tick : TunnelTimes.QuietTick);
    }

    private void EndLateAnswers(long now)
    {
        foreach (var stream in new List<TunnelStream>(streams.Values))
        {
            if (stream.AnswerDue == 0 || stream.AnswerDue > now) continue;
            Reset(stream, ErrorCode.Cancel);
            awaited--;
            stream.CompleteConnect(TunnelConnected.Failed(TunnelFailure.ResponseTimeout, "the peer did not answer the CONNECT in time"));
            stream.Vanish(RelayEnd.ResponseTimeout);
        }
    }

    private void EndByEngine()
    {
        var fault = engine.Fault;
        SendLast(AlertDescription.CloseNotify);
        End(fault.Reason == EndReason.KeepAliveTimeout ? TunnelEndReason.PeerSilent : TunnelEndReason.ProtocolError, fault.Text);
    }

    private void End(TunnelEndReason reason, string detail)
    {
        if (IsEnded) return;
        IsEnded = true;
        timer.Cancel();
        socket.Sink = null;
        var because = RelayEndFor(reason);
        // A server that refuses our certificate says so only after our side of the handshake is done.
        var failure = reason is TunnelEndReason.HandshakeFailed or TunnelEndReason.CertificateRevoked ? TunnelFailure.TlsFailed : TunnelFailure.Closed;
        foreach (var stream in new List<TunnelStream>(streams.Values))
        {
            stream.CompleteConnect(TunnelConnected.Failed(failure, $"the tunnel ended: {detail}"));
            stream.Vanish(because);
        }
        streams.Clear();
        ReleaseBuffers();
        engine.Release();
        session.Dispose();
        if (!LeavesSocket) socket.Dispose();
        owner.OnEnded(this, new TunnelEnd(reason, detail));
    }

    private static RelayEnd RelayEndFor(TunnelEndReason reason) => reason switch
    {
        TunnelEndReason.PolicyDenied => RelayEnd.PolicyDenied,
        TunnelEndReason.CertificateRevoked => RelayEnd.CertificateRevoked,
        TunnelEndReason.Drained => RelayEnd.Drained,
        TunnelEndReason.PeerChanged => RelayEnd.PeerChanged,
        TunnelEndReason.PeerSilent => RelayEnd.PeerSilent,
        TunnelEndReason.OutOfBuffers => RelayEnd.OutOfBuffers,
        TunnelEndReason.Fault => RelayEnd.Fault,
        TunnelEndReason.Closed or TunnelEndReason.HandshakeTimeout or TunnelEndReason.HandshakeFailed or TunnelEndReason.WrongIdentity
            or TunnelEndReason.PeerGone or TunnelEndReason.ProtocolError or TunnelEndReason.Unused
            => RelayEnd.TunnelClosed,
    };
}
