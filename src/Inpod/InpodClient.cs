using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Inpod;

/// <summary>ztunnel's end of ZDS: dials the agent as long as it takes. Belongs to one loop.</summary>
public sealed class InpodClient(EventLoop loop, string path)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(15);
    private TimeSpan _delay = FirstDelay;
    private bool _hasDialled;
    private string? _failure;

    /// <summary>Hears why the agent cannot be reached: once, and again when the reason changes or a connection was between. Loop thread.</summary>
    public Action<string>? OnFailure { get; init; }

    /// <summary>
    /// Dials until it works, waiting 20 ms, doubled up to 15 s, between tries; an agent that accepts and says nothing of sense is no
    /// better than one that does not accept. On the loop's thread.
    /// </summary>
    public async Task<InpodConnection> ConnectAsync(CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            if (_hasDialled) await Task.Delay(NextDelay(), loop.Time, stop);
            _hasDialled = true;
            var error = LoopSocket.TryConnectUnix(loop, path, UnixSocketKind.Packets, out var socket);
            if (error == Errno.None && (error = socket!.TrySendPacket(InpodWire.Hello)) == Errno.None)
            {
                _failure = null;
                return new InpodConnection(socket, this);
            }

            socket?.Dispose();
            Report($"cannot reach the node agent at {path}: {error}");
        }
    }

    /// <summary>The agent spoke sense: the next loss is a new one.</summary>
    internal void NoteHealthy() => _delay = FirstDelay;

    private void Report(string failure)
    {
        if (failure == _failure) return;
        _failure = failure;
        OnFailure?.Invoke(failure);
    }

    private TimeSpan NextDelay()
    {
        var delay = _delay;
        _delay = delay * 2 < LastDelay ? delay * 2 : LastDelay;
        return delay;
    }
}
