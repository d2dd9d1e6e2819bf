using System.Text;
using Mesh.Hbone.Tunnels;
using Mesh.Http2;
using Mesh.Identity;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Hbone;

/// <summary>
/// Serves one accepted connection of port 15008: handshake, the peer's identity, then its CONNECT requests. On the socket's loop only.
/// </summary>
public sealed class TunnelServer(LoopSocket socket, TunnelIdentity identity, HboneOptions options, IConnectOwner owner, TimeProvider time)
    : ITunnelOwner
{
    private const int BadRequest = 400;
    private const int Unavailable = 503;
    private readonly TaskCompletionSource<TunnelEnd> ended = new();
    private readonly Queue<ConnectRequest> fresh = new();
    private Tunnel? tunnel;
    private TunnelEnd? cut;
    private bool draining;
    private string? lastBaggage;
    private int unanswered;
    private RevocationLists? lists = identity.Revocations?.Lists;

    /// <summary>Who is there; null until the handshake is over.</summary>
    public TunnelPeer? Peer { get; private set; }

    public TunnelIdentity Identity => identity;
    public int ActiveStreams => tunnel?.ActiveStreams ?? 0;

    /// <summary>Owns the socket from now on; completes when the connection is over. A peer never makes it throw.</summary>
    public async Task<TunnelEnd> RunAsync()
    {
        var tls = await TlsSetup.RunAsync(socket, identity.Server, lists is not null, options.HandshakeTimeout, time);
        if (tls.Session is not { } session)
        {
            socket.Dispose();
            return cut ?? tls.Problem;
        }
        var problem = PeerVerifier.VerifyClient(tls.PeerLeaf, identity.Svid.Id.TrustDomain, out var id);
        if (lists?.IsRevoked(tls.ChainKeys) == true)
        {
            Refuse(session, AlertDescription.CertificateRevoked); // A list came while hands were shaken.
            return new TunnelEnd(TunnelEndReason.CertificateRevoked, "the client's certificate is revoked");
        }
        if (cut is not null || problem != PeerProblem.None)
        {
            Refuse(session, AlertDescription.AccessDenied);
            return cut ?? new TunnelEnd(TunnelEndReason.WrongIdentity, $"the client's certificate was refused: {problem}");
        }
        Peer = new TunnelPeer(id!, socket.PeerAddress, socket.LocalAddress, tls.PeerLeaf, tls.ChainKeys);
        tunnel = new Tunnel(socket, session, Http2Role.Server, options, Peer, this);
        tunnel.Start(tls.Received);
        if (draining) tunnel.Drain();
        return await ended.Task;
    }

    /// <summary>A peer says the same about itself with every request: one string for all of them.</summary>
    internal string BaggageOf(ReadOnlySpan<byte> header) =>
        lastBaggage is { } known && Ascii.Equals(header, known) ? known : lastBaggage = Encoding.Latin1.GetString(header);

    internal void NoteAnswered() => unanswered--;

    /// <summary>Requests in hand, those included whose client gave up: it may ask for others at once.</summary>
    private int UnansweredMax => 2 * options.ServerStreamsMax;

    /// <summary>GOAWAY: open streams finish, then the connection closes.</summary>
    public void Drain()
    {
        draining = true;
        tunnel?.Drain();
    }

    /// <summary>Ends the connection and its streams now.</summary>
    public void Cut(TunnelEndReason reason)
    {
        cut = new TunnelEnd(reason, "cut");
        if (tunnel is { } live) live.Cut(reason, "cut");
        else socket.Dispose(); // The handshake sees it and ends.
    }

    /// <summary>Newer revocation lists hold: ends the connection if they name its client. How many streams ended; at least one if it did.</summary>
    public int CutIfRevoked(RevocationLists newer)
    {
        lists = newer; // A handshake under way looks at its end.
        if (Peer is not { } peer || !newer.IsRevoked(peer.ChainKeys)) return 0;
        var streams = Math.Max(1, ActiveStreams);
        Cut(TunnelEndReason.CertificateRevoked);
        return streams;
    }

    void ITunnelOwner.OnRequest(Tunnel from, int streamId, HeaderFields fields)
    {
        if (!fields.Method.SequenceEqual("CONNECT"u8))
        {
            from.Respond(streamId, BadRequest, default, endStream: true);
            owner.OnBadRequest();
            return;
        }
        unanswered++;
        fresh.Enqueue(new ConnectRequest(this, from, from.Adopt(streamId), fields));
    }

    void ITunnelOwner.OnRead(Tunnel from)
    {
        while (fresh.TryDequeue(out var request))
        {
            // One that was cancelled in the same breath costs nobody a dial; one cancelled later does until it is answered, so these are bounded.
            if (request.IsGone || unanswered > UnansweredMax) request.Reject(Unavailable);
            else owner.OnConnect(request);
        }
    }

    void ITunnelOwner.OnRoom(Tunnel from)
    {
        // A server opens no streams.
    }

    void ITunnelOwner.OnTick(Tunnel from, long now)
    {
        // The tunnel itself watches over its peer.
    }

    void ITunnelOwner.OnEnded(Tunnel from, TunnelEnd end) => ended.TrySetResult(end);

    private void Refuse(TlsSession session, AlertDescription why)
    {
        var alert = new byte[TlsSession.ControlRecordBytesMax];
        var error = socket.TrySend(alert.AsSpan(0, session.WriteAlert(alert, why)), out _);
        if (error == Errno.None) _ = socket.ShutdownSend();
        session.Dispose();
        socket.Dispose();
    }
}
