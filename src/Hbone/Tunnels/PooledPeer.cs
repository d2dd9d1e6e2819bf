using Mesh.Http2;
using Mesh.Identity;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>All tunnels of one key and whoever waits for one. Owned by the pool, on its loop.</summary>
internal sealed class PooledPeer(TunnelPool pool, TunnelKey key) : ITunnelOwner
{
    private readonly List<PooledTunnel> tunnels = [];
    private readonly Queue<TunnelWaiter> waiters = new();
    private bool dialing;
    private bool cut;

    public TunnelKey Key { get; } = key;

    public ValueTask<TunnelConnected> ConnectAsync(ConnectHeaders headers, bool early)
    {
        if (waiters.Count == 0 && FindRoom() is { } tunnel) return Open(tunnel, headers, early);
        if (waiters.Count >= pool.Options.WaitersPerKeyMax)
        {
            pool.CountRefused();
            return TunnelPool.Now(TunnelFailure.PoolFull, "too many requests wait for this peer");
        }
        var waiter = new TunnelWaiter(headers, early, pool.Loop.NowMilliseconds + (long)pool.Options.ResponseTimeout.TotalMilliseconds);
        waiters.Enqueue(waiter);
        DialIfNeeded();
        return waiter.Outcome;
    }

    /// <summary>No new streams on the tunnels there are.</summary>
    public void Retire()
    {
        foreach (var tunnel in new List<PooledTunnel>(tunnels)) tunnel.Retire();
    }

    public void Cut(TunnelEndReason reason)
    {
        cut = dialing; // A dial under way must not outlive the order.
        foreach (var tunnel in new List<PooledTunnel>(tunnels)) tunnel.Tunnel.Cut(reason, "cut");
        FailWaiters(TunnelConnected.Failed(TunnelFailure.Closed, "the peer was cut"));
        ForgetIfEmpty();
    }

    /// <summary>Ends the tunnels whose server these lists name; how many streams ended, at least one a tunnel.</summary>
    public int CutRevoked(RevocationLists lists)
    {
        var streams = 0;
        foreach (var tunnel in new List<PooledTunnel>(tunnels))
        {
            if (!lists.IsRevoked(tunnel.Tunnel.Peer.ChainKeys)) continue;
            streams += Math.Max(1, tunnel.Tunnel.ActiveStreams);
            tunnel.Tunnel.Cut(TunnelEndReason.CertificateRevoked, "the peer's certificate was revoked");
        }
        return streams;
    }

    void ITunnelOwner.OnRequest(Tunnel tunnel, int streamId, HeaderFields fields)
    {
        // A client's engine refuses streams that a server opens.
    }

    void ITunnelOwner.OnRoom(Tunnel tunnel) => ServeWaiters();

    void ITunnelOwner.OnTick(Tunnel tunnel, long now)
    {
        while (waiters.TryPeek(out var late) && late.Due <= now && !dialing)
        {
            waiters.Dequeue();
            late.Complete(TunnelConnected.Failed(TunnelFailure.PoolFull, "no room on any tunnel to this peer in time"));
        }
        if (Find(tunnel) is { } pooled && pooled.IsUnused(now, pool.Options.UnusedRelease)) tunnel.Cut(TunnelEndReason.Unused, "unused");
    }

    void ITunnelOwner.OnEnded(Tunnel tunnel, TunnelEnd end)
    {
        if (Find(tunnel) is not { } pooled) return;
        tunnels.Remove(pooled);
        pool.UncountTunnel();
        if (waiters.Count > 0) DialIfNeeded();
        ForgetIfEmpty();
    }

    private PooledTunnel? Find(Tunnel tunnel)
    {
        foreach (var pooled in tunnels)
        {
            if (ReferenceEquals(pooled.Tunnel, tunnel)) return pooled;
        }
        return null;
    }

    /// <summary>The first tunnel with room: filling one before the next lets the others fall out of use.</summary>
    private PooledTunnel? FindRoom()
    {
        var current = Key.Origin.Identity;
        foreach (var pooled in tunnels)
        {
            if (pooled.Tunnel.Room == 0 || pooled.Tunnel.IsDraining) continue;
            // A renewed certificate means new tunnels; the old ones end with their streams.
            if (ReferenceEquals(pooled.Identity.Svid, current?.Svid)) return pooled;
            pooled.Retire();
            return FindRoom(); // The list may have changed.
        }
        return null;
    }

    private ValueTask<TunnelConnected> Open(PooledTunnel pooled, ConnectHeaders headers, bool early)
    {
        var stream = pooled.Open(headers, early, out var outcome);
        if (stream is null) return TunnelPool.Now(TunnelFailure.Http2Failed, $"no stream could be opened: {outcome}");
        pool.CountStream();
        return early ? new ValueTask<TunnelConnected>(TunnelConnected.Open(stream)) : stream.Answer!.Outcome;
    }

    private void ServeWaiters()
    {
        while (waiters.Count > 0 && FindRoom() is { } pooled)
        {
            var waiter = waiters.Dequeue();
            Serve(pooled, waiter);
        }
        if (waiters.Count > 0) DialIfNeeded();
    }

    private void Serve(PooledTunnel pooled, TunnelWaiter waiter)
    {
        var stream = pooled.Open(waiter.Headers, early: true, out var outcome);
        if (stream is null)
        {
            waiter.Complete(TunnelConnected.Failed(TunnelFailure.Http2Failed, $"no stream could be opened: {outcome}"));
            return;
        }
        pool.CountStream();
        if (waiter.Early) waiter.Complete(TunnelConnected.Open(stream));
        else stream.Answer = waiter;
    }

    private void DialIfNeeded()
    {
        if (dialing || tunnels.Count >= pool.Options.TunnelsPerKeyMax) return;
        if (Key.Origin.Identity is not { } identity)
        {
            FailWaiters(TunnelConnected.Failed(TunnelFailure.NoIdentity, "there is no certificate yet"));
            return;
        }
        if (!pool.TryCountTunnel())
        {
            FailWaiters(TunnelConnected.Failed(TunnelFailure.PoolFull, "the pool holds as many tunnels as it may"));
            return;
        }
        dialing = true;
        _ = DialAsync(identity);
    }

    private async Task DialAsync(TunnelIdentity identity)
    {
        LoopSocket? socket = null;
        try
        {
            await Task.Yield(); // Never inside the step that asked for it, which may be in the middle of another tunnel's bytes.
            var options = Key.Origin.DialOptions with { StaysOnMachine = Key.StaysOnMachine };
            var dialled = await LoopSocket.ConnectAsync(pool.Loop, Key.Destination, options, pool.Options.DialTimeout);
            socket = dialled.Socket;
            if (socket is null)
            {
                Failed(dialled.Error == Errno.TimedOut ? TunnelFailure.DialTimeout : TunnelFailure.DialRefused,
                    $"{Key.Destination} cannot be reached: {dialled.Error}");
                return;
            }
            var tls = await TlsSetup.RunAsync(socket, identity.Client, identity.Revocations is not null, pool.Options.HandshakeTimeout, pool.Time);
            if (tls.Session is not { } session)
            {
                Failed(FailureFor(tls.Problem.Reason), tls.Problem.Detail);
                return;
            }
            if (Begin(identity, socket, session, tls)) socket = null; // The tunnel owns it now.
        }
        catch (Exception problem) when (problem is LinuxException or ArgumentException or ObjectDisposedException)
        {
            // The edge of this dial: the machine ran out of something, or the identity went away under us.
            Failed(TunnelFailure.DialRefused, problem.Message);
        }
        catch (Exception fault)
        {
            pool.Loop.ReportFault(nameof(PooledPeer), fault);
            if (dialing) Failed(TunnelFailure.DialRefused, "a fault of the proxy"); // Whoever waits must not wait for ever.
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private bool Begin(TunnelIdentity identity, LoopSocket socket, TlsSession session, TlsOutcome tls)
    {
        var problem = PeerVerifier.VerifyServer(tls.PeerLeaf, Key.Expected, out var id);
        // A list may have come while hands were shaken.
        var revoked = Key.Origin.Identity?.Revocations?.Lists.IsRevoked(tls.ChainKeys) == true;
        if (problem != PeerProblem.None || revoked || cut || pool.IsDisposed)
        {
            var alert = new byte[TlsSession.ControlRecordBytesMax];
            var why = revoked ? AlertDescription.CertificateRevoked : AlertDescription.AccessDenied;
            _ = socket.TrySend(alert.AsSpan(0, session.WriteAlert(alert, why)), out _);
            session.Dispose();
            if (revoked) Failed(TunnelFailure.CertificateRevoked, $"the certificate of {id} is revoked");
            else if (problem == PeerProblem.None) Failed(TunnelFailure.Closed, "the peer was cut");
            else Failed(TunnelFailure.WrongIdentity, $"the peer is {id?.ToString() ?? "without identity"}: {problem}");
            return false;
        }
        dialing = false;
        var peer = new TunnelPeer(id!, socket.PeerAddress, socket.LocalAddress, tls.PeerLeaf, tls.ChainKeys);
        var tunnel = new Tunnel(socket, session, Http2Role.Client, pool.Options, peer, this);
        tunnels.Add(new PooledTunnel(tunnel, identity, pool.Loop.NowMilliseconds));
        ServeWaiters(); // Their requests leave together with the preface.
        tunnel.Start(tls.Received);
        return true;
    }

    internal static TunnelFailure FailureFor(TunnelEndReason reason) => reason switch
    {
        TunnelEndReason.HandshakeTimeout => TunnelFailure.TlsTimeout,
        TunnelEndReason.CertificateRevoked => TunnelFailure.CertificateRevoked,
        _ => TunnelFailure.TlsFailed,
    };

    private void Failed(TunnelFailure failure, string detail)
    {
        dialing = false;
        cut = false;
        pool.UncountTunnel();
        pool.CountDialFailure();
        FailWaiters(TunnelConnected.Failed(failure, detail));
        ForgetIfEmpty();
    }

    private void FailWaiters(TunnelConnected outcome)
    {
        while (waiters.TryDequeue(out var waiter)) waiter.Complete(outcome);
        ForgetIfEmpty();
    }

    private void ForgetIfEmpty()
    {
        if (tunnels.Count == 0 && waiters.Count == 0 && !dialing) pool.Remove(this);
    }
}
