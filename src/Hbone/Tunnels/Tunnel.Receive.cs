using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>Received bytes: read many records at once, open them in place, let the engine look, deliver slices.</summary>
internal sealed partial class Tunnel
{
    /// <summary>One read; what is opened is still in the second-level cache when it is written out.</summary>
    internal const int ReadBytes = 224 * 1024;

    /// <summary>After so much the other connections of the loop get their turn.</summary>
    private const int ReceivePerTurnBytes = 512 * 1024;

    /// <summary>The beginning of a record whose rest is on its way; only while that lasts.</summary>
    private LoopBuffer? partial;
    private int partialBytes;

    /// <summary>It had its share, and has asked for the next turn.</summary>
    private bool goesOn;

    private void ReceiveAll()
    {
        var scratch = Loop.ReceiveScratch;
        var have = RestorePartial(scratch);
        var total = 0;
        while (true)
        {
            var error = socket.TryReceive(scratch.Slice(have, ReadBytes), out var received);
            if (error == Errno.WouldBlock) break;
            if (error != Errno.None || received == 0)
            {
                End(TunnelEndReason.PeerGone, error == Errno.None ? "the peer closed the connection" : $"the connection broke: {error}");
                return;
            }
            total += received;
            have = Process(have + received);
            if (IsEnded) return;
            if (!socket.IsReadable) break;
            if (total < ReceivePerTurnBytes) continue;
            goesOn = true;
            Loop.RunNextTurn(this);
            break;
        }
        SaveRest(have);
    }

    /// <summary>Works off the records at the start of the receive scratch; what is left of an incomplete one moves to its front.</summary>
    private int Process(int have)
    {
        var scratch = Loop.ReceiveScratch;
        if (Gathering.Current.Touched.Count > 0) Gathering.Current.Abandon(); // Never another tunnel's, whatever happened to that one.
        var at = 0;
        while (!IsEnded)
        {
            var reading = session.Read(scratch[at..have], out var consumed, out var payloadBytes);
            if (reading == TlsReading.NeedMoreBytes) break;
            var payload = scratch.Slice(at + RecordLimits.HeaderBytes, payloadBytes);
            at += consumed;
            if (reading == TlsReading.Data && engine.Receive(payload, this)) continue;
            if (reading == TlsReading.Control)
            {
                if (session.OwesKeyUpdate) RequestFlush();
                continue;
            }
            DeliverTouched();
            EndByReading(reading);
        }
        if (!IsEnded) owner.OnRead(this);
        if (IsEnded)
        {
            Gathering.Current.Reset();
            return 0;
        }
        DeliverTouched();
        if (engine.PendingControlBytes > 0) RequestFlush();
        var rest = scratch[at..have];
        rest.CopyTo(scratch);
        return rest.Length;
    }

    private void EndByReading(TlsReading reading)
    {
        switch (reading)
        {
            case TlsReading.Data: // The engine refused it.
                EndByEngine();
                break;
            case TlsReading.Closed:
                SendLast(AlertDescription.CloseNotify);
                End(TunnelEndReason.Closed, "the peer closed the tunnel");
                break;
            case TlsReading.PeerAlert when session.Alert == AlertDescription.CertificateRevoked:
                End(TunnelEndReason.CertificateRevoked, "the peer says that our certificate is revoked");
                break;
            case TlsReading.PeerAlert:
                End(session.Received <= 1 ? TunnelEndReason.HandshakeFailed : TunnelEndReason.PeerGone, $"the peer sent the TLS alert {session.Alert}");
                break;
            case TlsReading.Failed:
                var alert = session.Alert;
                SendLast(alert);
                End(TunnelEndReason.ProtocolError, $"the peer broke TLS: {alert}");
                break;
            case TlsReading.Control or TlsReading.NeedMoreBytes:
                break;
        }
    }

    private void DeliverTouched()
    {
        var gathering = Gathering.Current;
        if (gathering.Touched.Count == 0) return;
        var scratch = Loop.ReceiveScratch;
        for (var i = 0; i < gathering.Touched.Count; i++)
        {
            var stream = gathering.Touched[i];
            stream.IsTouched = false;
            if (stream.FirstSlice >= 0) stream.Deliver(gathering, scratch);
            if (stream.PeerEnded) stream.Settle();
        }
        gathering.Reset();
    }

    private int RestorePartial(Span<byte> scratch)
    {
        if (partial is not { } buffer) return 0;
        buffer.Span[..partialBytes].CopyTo(scratch);
        Loop.Buffers.Return(buffer);
        partial = null;
        return partialBytes;
    }

    private void SaveRest(int bytes)
    {
        if (bytes == 0 || IsEnded) return;
        partial = Loop.Buffers.TryRent(bytes);
        partialBytes = bytes;
        if (partial is null) End(TunnelEndReason.OutOfBuffers, "no buffers left on this loop");
        else Loop.ReceiveScratch[..bytes].CopyTo(partial.Span);
    }
}
