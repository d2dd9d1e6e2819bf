using Mesh.Linux.Loops;

namespace Mesh.Linux.Tests;

/// <summary>Keeps accepted connections in order for a test that awaits them on the same loop.</summary>
internal sealed class TestAcceptor(EventLoop loop) : ILoopAcceptor
{
    private readonly Queue<LoopSocket> _accepted = new();
    private readonly Queue<TaskCompletionSource<LoopSocket>> _waiting = new();

    public void OnAccepted(AcceptedSocket accepted)
    {
        var socket = accepted.AttachTo(loop);
        if (_waiting.TryDequeue(out var waiter)) waiter.SetResult(socket);
        else _accepted.Enqueue(socket);
    }

    public Task<LoopSocket> NextAsync()
    {
        if (_accepted.TryDequeue(out var socket)) return Task.FromResult(socket);
        var waiter = new TaskCompletionSource<LoopSocket>();
        _waiting.Enqueue(waiter);
        return waiter.Task;
    }
}
