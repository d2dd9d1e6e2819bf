using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Inpod;

/// <summary>ztunnel's end of ZDS: dials the agent as long as it takes. Belongs to one loop.</summary>
public sealed class InpodClient(EventLoop loop, string path)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(15);
    private TimeSpan _delay = FirstDelay;

    /// <summary>Why the last dial failed; null once connected.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>Dials until it works, waiting 20 ms, doubled up to 15 s, between tries. On the loop's thread.</summary>
    public async Task<InpodConnection> ConnectAsync(CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var error = LoopSocket.TryConnectUnix(loop, path, UnixSocketKind.Packets, out var socket);
            if (error == Errno.None && (error = socket!.TrySendPacket(InpodWire.Hello)) == Errno.None)
            {
                LastFailure = null;
                return new InpodConnection(socket, this);
            }

            socket?.Dispose();
            LastFailure = $"cannot reach the node agent at {path}: {error}";
            var delay = NextDelay();
            await Task.Delay(delay, loop.Time, stop);
        }
    }

    /// <summary>The agent spoke sense: the next loss is a new one.</summary>
    internal void NoteHealthy() => _delay = FirstDelay;

    private TimeSpan NextDelay()
    {
        var delay = _delay;
        _delay = delay * 2 < LastDelay ? delay * 2 : LastDelay;
        return delay;
    }
}
