using Mesh.Linux.Loops;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// Clients' handshakes on one loop begin in turns: beginning one costs the processor as much as ten small requests and more, so a crowd of
/// them must not hold up the traffic of tunnels that are there. First come, first served; <see cref="HandshakeLimit"/> bounds what goes
/// on from there. Loop thread only.
/// </summary>
internal sealed class HandshakeTurns(EventLoop loop) : ILoopTurnEnd
{
    /// <summary>Handshakes that begin in one turn of the loop: one to three milliseconds.</summary>
    public const int BeginningsPerTurn = 8;

    [ThreadStatic] private static HandshakeTurns? current;

    private readonly Queue<TaskCompletionSource> waiting = new();
    private int taken;
    private bool isRegistered;

    /// <summary>That of the loop whose thread this is.</summary>
    public static HandshakeTurns On(EventLoop loop) => current is { } known && ReferenceEquals(known.Loop, loop) ? known : current = new HandshakeTurns(loop);

    private EventLoop Loop => loop;

    /// <summary>Completes when one may begin in the turn that then runs; at once unless many are at it.</summary>
    public ValueTask ComesAsync()
    {
        Register();
        if (taken < BeginningsPerTurn && waiting.Count == 0)
        {
            taken++;
            return default;
        }

        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Enqueue(waiter);
        return new ValueTask(waiter.Task);
    }

    void ILoopTurnEnd.OnTurnEnd()
    {
        isRegistered = false;
        for (taken = 0; taken < BeginningsPerTurn && waiting.TryDequeue(out var next); taken++) next.SetResult();
        if (taken > 0) Register();
    }

    private void Register()
    {
        if (isRegistered) return;
        isRegistered = true;
        loop.RunAtEndOfTurn(this);
    }
}
