using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13.Handshake;

namespace Mesh.Hbone.Tunnels;

/// <summary>Runs a handshake over a socket, on its loop, within a time.</summary>
internal static class TlsSetup
{
    // Holds the longest record and some more; lent only while the handshake lasts.
    private const int BufferBytes = 64 * 1024;

    public static async ValueTask<TlsOutcome> RunAsync(LoopSocket socket, TlsContext context, TimeSpan timeout, TimeProvider time)
    {
        using var handshake = new TlsHandshake(context);
        if (socket.Loop.Buffers.TryRent(BufferBytes) is not { } buffer) return TlsOutcome.Failed(TunnelEndReason.OutOfBuffers, "no buffers left");
        var started = time.GetTimestamp();
        var filled = 0;
        try
        {
            while (true)
            {
                if (await SendOutputAsync(socket, handshake, Left()) is { } sendProblem) return sendProblem;
                if (handshake.Progress == HandshakeProgress.Failed) return TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, handshake.Problem);
                if (handshake.Progress == HandshakeProgress.Complete)
                {
                    return new TlsOutcome(handshake.CreateSession(), handshake.PeerLeaf(), buffer.Span[..filled].ToArray(), default);
                }

                if (await ReadAsync(socket, buffer.Memory[filled..], Left()) is var (received, readProblem) && readProblem is not null)
                    return readProblem.Value;
                filled += received;
                handshake.Advance(buffer.Span[..filled], out var consumed);
                buffer.Span[consumed..filled].CopyTo(buffer.Span);
                filled -= consumed;
            }
        }
        finally
        {
            socket.Loop.Buffers.Return(buffer);
        }

        TimeSpan Left() => timeout - time.GetElapsedTime(started);
    }

    private static async ValueTask<TlsOutcome?> SendOutputAsync(LoopSocket socket, TlsHandshake handshake, TimeSpan left)
    {
        if (handshake.OutputBytes == 0) return null;
        var output = new byte[handshake.OutputBytes];
        var pending = output.AsMemory(0, handshake.TakeOutput(output));
        while (true)
        {
            var error = socket.TrySend(pending.Span, out var sent);
            pending = pending[sent..];
            if (pending.IsEmpty) return null;
            if (error is not (Errno.None or Errno.WouldBlock)) return Gone(error);
            if (left <= TimeSpan.Zero) return Late();
            var outcome = await socket.WritableAsync(left);
            if (outcome != WaitOutcome.Ready) return outcome == WaitOutcome.TimedOut ? Late() : Gone(Errno.BadDescriptor);
        }
    }

    private static async ValueTask<(int Received, TlsOutcome? Problem)> ReadAsync(LoopSocket socket, Memory<byte> room, TimeSpan left)
    {
        while (true)
        {
            var error = socket.TryReceive(room.Span, out var received);
            if (error == Errno.None && received > 0) return (received, null);
            if (error == Errno.None) return (0, TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, "the peer closed the connection"));
            if (error != Errno.WouldBlock) return (0, Gone(error));
            if (left <= TimeSpan.Zero) return (0, Late());
            var outcome = await socket.ReadableAsync(left);
            if (outcome != WaitOutcome.Ready) return (0, outcome == WaitOutcome.TimedOut ? Late() : Gone(Errno.BadDescriptor));
        }
    }

    private static TlsOutcome Late() => TlsOutcome.Failed(TunnelEndReason.HandshakeTimeout, "the TLS handshake took too long");

    private static TlsOutcome Gone(Errno error) => TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, $"the connection broke: {error}");
}
