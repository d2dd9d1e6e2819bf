using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Handshake;

namespace Mesh.Hbone.Tunnels;

/// <summary>Runs a handshake over a socket, on its loop, within a time.</summary>
internal static class TlsSetup
{
    /// <summary>Where revocation is checked the chain's keys are kept, so that the tunnel is found again by what is on its peer's chain.</summary>
    public static async ValueTask<TlsOutcome> RunAsync(LoopSocket socket, TlsContext context, bool keepsChain, TimeSpan timeout, TimeProvider time)
    {
        using var attempt = new HandshakeAttempt(socket, context);
        var started = time.GetTimestamp();
        if (context.Role == TlsRole.Server && await AwaitTurnAsync(socket, timeout) is { } problem) return problem;
        while (true)
        {
            if (Left() <= TimeSpan.Zero) return Late();
            if (attempt.Handshake is { } handshake)
            {
                if (await SendOutputAsync(socket, handshake, Left()) is { } sendProblem) return Explain(attempt, sendProblem);
                if (handshake.Progress == HandshakeProgress.Failed)
                {
                    return TlsOutcome.Failed(handshake.IsPeerRevoked ? TunnelEndReason.CertificateRevoked : TunnelEndReason.HandshakeFailed, handshake.Problem);
                }

                if (handshake.Progress == HandshakeProgress.Complete)
                {
                    var chain = keepsChain ? ChainKeys.Of(handshake.PeerChain()) : default;
                    return new TlsOutcome(handshake.CreateSession(), handshake.PeerLeaf(), chain, attempt.Behind, default);
                }
            }

            if (await ReadAsync(socket, attempt, Left()) is { } readProblem) return Explain(attempt, readProblem);
        }

        TimeSpan Left() => timeout - time.GetElapsedTime(started);
    }

    /// <summary>A client that has said something waits for its turn; nothing is held for it until then.</summary>
    private static async ValueTask<TlsOutcome?> AwaitTurnAsync(LoopSocket socket, TimeSpan left)
    {
        if (!socket.HasBytes())
        {
            var outcome = await socket.ReadableAsync(left);
            if (outcome != WaitOutcome.Ready) return outcome == WaitOutcome.TimedOut ? Late() : Gone(Errno.BadDescriptor);
        }

        await HandshakeTurns.On(socket.Loop).ComesAsync();
        return socket.IsDisposed ? Gone(Errno.BadDescriptor) : null;
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

    private static async ValueTask<TlsOutcome?> ReadAsync(LoopSocket socket, HandshakeAttempt attempt, TimeSpan left)
    {
        while (true)
        {
            var error = attempt.Receive(out var received);
            if (error == Errno.NoBufferSpace) return TlsOutcome.Failed(TunnelEndReason.OutOfBuffers, "no buffers left");
            if (error == Errno.None && received > 0) return null;
            if (error == Errno.None) return TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, "the peer closed the connection");
            if (error != Errno.WouldBlock) return Gone(error);
            if (left <= TimeSpan.Zero) return Late();
            var outcome = await socket.ReadableAsync(left);
            if (outcome != WaitOutcome.Ready) return outcome == WaitOutcome.TimedOut ? Late() : Gone(Errno.BadDescriptor);
        }
    }

    private static TlsOutcome Explain(HandshakeAttempt attempt, TlsOutcome problem) => attempt.IsGivenUp
        ? TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, $"given up for others: more than {HandshakeLimit.HandshakesMax} handshakes at once")
        : problem;

    private static TlsOutcome Late() => TlsOutcome.Failed(TunnelEndReason.HandshakeTimeout, "the TLS handshake took too long");

    private static TlsOutcome Gone(Errno error) => TlsOutcome.Failed(TunnelEndReason.HandshakeFailed, $"the connection broke: {error}");
}
