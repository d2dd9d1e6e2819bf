using System.Collections.Immutable;
using Mesh.Http2;
using Mesh.Identity;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// A tunnel inside a stream of another one, for a single CONNECT: its records go through a pair of sockets, whose far end is relayed to the
/// outer stream, so both layers keep their own flow control and their own ends. Owned by the pool, on its loop.
/// </summary>
internal sealed class NestedTunnel(TunnelPool pool, ITunnelOrigin origin, ImmutableArray<SpiffeId> expected)
    : ITunnelOwner, ILoopSource, ILoopWork, ILoopTimerTarget
{
    /// <summary>After the inner tunnel ended, the outer stream may take this long for each step of delivering the rest.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private LoopSocket? near;
    private TunnelRelay? outer;
    private RelayResult? outerEnd;
    private Tunnel? inner;
    private LoopTimer? lingering;
    private long lingeredBytes;
    private bool isOver;

    /// <summary>Handshakes through the outer stream and asks for the destination; the outer stream belongs to this from now on.</summary>
    public async ValueTask<TunnelConnected> ConnectAsync(TunnelStream carrier, TunnelIdentity identity, ConnectHeaders headers, bool early)
    {
        LoopSocket far;
        try
        {
            (near, far) = LoopSocket.CreatePair(pool.Loop, UnixSocketKind.Stream);
        }
        catch (LinuxException problem)
        {
            carrier.Abort(); // The edge of this dial: the machine is out of descriptors.
            pool.UncountNested();
            return TunnelConnected.Failed(TunnelFailure.DialRefused, problem.Message);
        }

        outer = new TunnelRelay(far, carrier);
        _ = CarryAsync(outer);
        var tls = await TlsSetup.RunAsync(near, identity.Client, identity.Revocations is not null, pool.Options.HandshakeTimeout, pool.Time);
        if (tls.Session is null)
        {
            outer.Cut(RelayEnd.TunnelClosed);
            return outerEnd is { } end && end.End != RelayEnd.TunnelClosed ? Explain(end) : Explain(tls.Problem);
        }

        var problemOfPeer = PeerVerifier.VerifyServer(tls.PeerLeaf, expected, out var id);
        if (problemOfPeer != PeerProblem.None)
        {
            SendAlert(tls.Session, AlertDescription.AccessDenied);
            return TunnelConnected.Failed(
                TunnelFailure.WrongIdentity, $"behind the network gateway is {id?.ToString() ?? "nobody with an identity"}: {problemOfPeer}");
        }

        if (origin.Identity?.Revocations?.Lists.IsRevoked(tls.ChainKeys) == true) // A list may have come while hands were shaken.
        {
            SendAlert(tls.Session, AlertDescription.CertificateRevoked);
            return TunnelConnected.Failed(TunnelFailure.CertificateRevoked, $"behind the network gateway is {id}, whose certificate is revoked");
        }

        return await OpenAsync(carrier.Peer, identity, tls, id!, headers, early);
    }

    void ITunnelOwner.OnRequest(Tunnel tunnel, int streamId, HeaderFields fields)
    {
        // A client's engine refuses streams that a server opens.
    }

    void ITunnelOwner.OnRoom(Tunnel tunnel)
    {
        // Only one stream is ever asked for.
    }

    void ITunnelOwner.OnTick(Tunnel tunnel, long now)
    {
        // The tunnel closes behind its stream.
    }

    void ITunnelOwner.OnEnded(Tunnel tunnel, TunnelEnd end)
    {
        pool.Forget(this);
        FinishSending();
    }

    /// <summary>Ends it if these lists name its peer; the gateway's own tunnel is the pool's.</summary>
    public bool CutIfRevoked(RevocationLists lists)
    {
        if (inner is not { IsEnded: false } live || !lists.IsRevoked(live.Peer.ChainKeys)) return false;
        live.Cut(TunnelEndReason.CertificateRevoked, "the peer's certificate was revoked");
        return true;
    }

    /// <summary>What the peer says after the end is read and dropped: unread bytes would turn the end into a reset.</summary>
    void ILoopWork.Run()
    {
        while (near is { IsDisposed: false } socket && socket.TryReceive(pool.Loop.ReceiveScratch, out var received) == Errno.None && received > 0)
        {
        }
    }

    void ILoopSource.OnReady(ReadyEvents ready) => ((ILoopWork)this).Run();

    void ILoopSource.OnFault(Exception fault) => outer!.Cut(RelayEnd.Fault);

    void ILoopTimerTarget.OnTimer(LoopTimer timer)
    {
        var bytes = outer!.BytesFromApplication;
        if (bytes == lingeredBytes)
        {
            outer.Cut(RelayEnd.TunnelClosed); // The gateway neither takes the rest nor ends its side.
            return;
        }

        lingeredBytes = bytes;
        timer.Arm(Linger);
    }

    private async ValueTask<TunnelConnected> OpenAsync(
        TunnelPeer gateway, TunnelIdentity identity, TlsOutcome tls, SpiffeId id, ConnectHeaders headers, bool early)
    {
        var peer = new TunnelPeer(id, gateway.Remote, gateway.Local, tls.PeerLeaf, tls.ChainKeys);
        inner = new Tunnel(near!, tls.Session!, Http2Role.Client, pool.Options, peer, this) { LeavesSocket = true };
        pool.Track(this);
        var stream = new PooledTunnel(inner, identity, pool.Loop.NowMilliseconds).Open(headers, early, out var outcome);
        var answer = stream?.Answer?.Outcome;
        inner.Start(tls.Received);
        if (stream is null)
        {
            inner.Cut(TunnelEndReason.Closed, "no stream");
            return TunnelConnected.Failed(TunnelFailure.Http2Failed, $"no stream could be opened: {outcome}");
        }

        pool.CountStream();
        inner.Drain(); // It takes no further stream, and closes behind this one.
        return answer is { } awaited ? await awaited : TunnelConnected.Open(stream);
    }

    private async Task CarryAsync(TunnelRelay relay)
    {
        var end = await relay.RunAsync();
        outerEnd = end;
        pool.UncountNested();
        lingering?.Cancel();
        // A decision about the outer tunnel is one about what it carries; any other end is read from the socket, behind the last bytes.
        if (inner is { IsEnded: false } live && ReasonFor(end.End) is { } reason) live.Cut(reason, "the tunnel to the network gateway was cut");
        if (isOver) near!.Dispose();
    }

    /// <summary>The inner side is over: its last bytes still go out through the outer stream, then that ends too.</summary>
    private void FinishSending()
    {
        isOver = true;
        if (outerEnd is not null)
        {
            near!.Dispose();
            return;
        }

        _ = near!.ShutdownSend();
        near.Sink = this;
        pool.Loop.Post(this);
        lingeredBytes = outer!.BytesFromApplication;
        lingering = new LoopTimer(pool.Loop, this);
        lingering.Arm(Linger);
    }

    private void SendAlert(Mesh.Tls13.Records.TlsSession session, AlertDescription why)
    {
        var alert = new byte[Mesh.Tls13.Records.TlsSession.ControlRecordBytesMax];
        _ = near!.TrySend(alert.AsSpan(0, session.WriteAlert(alert, why)), out _);
        session.Dispose();
        FinishSending();
    }

    private TunnelConnected Explain(TunnelEnd problem)
    {
        near!.Dispose();
        var failure = PooledPeer.FailureFor(problem.Reason);
        return TunnelConnected.Failed(failure, $"through the network gateway: {problem.Detail}");
    }

    private TunnelConnected Explain(RelayResult end)
    {
        near!.Dispose();
        return end.End switch
        {
            RelayEnd.Rejected => TunnelConnected.Failed(TunnelFailure.Rejected, $"the network gateway answered {end.Status}", end.Status),
            RelayEnd.ResponseTimeout => TunnelConnected.Failed(TunnelFailure.ResponseTimeout, "the network gateway did not answer the CONNECT in time"),
            _ => TunnelConnected.Failed(TunnelFailure.Closed, $"the stream to the network gateway ended: {end.End}"),
        };
    }

    private static TunnelEndReason? ReasonFor(RelayEnd end) => end switch
    {
        RelayEnd.PolicyDenied => TunnelEndReason.PolicyDenied,
        RelayEnd.CertificateRevoked => TunnelEndReason.CertificateRevoked,
        RelayEnd.Drained => TunnelEndReason.Drained,
        RelayEnd.PeerChanged => TunnelEndReason.PeerChanged,
        RelayEnd.PeerSilent => TunnelEndReason.PeerSilent,
        RelayEnd.Fault => TunnelEndReason.Fault,
        _ => null,
    };
}
