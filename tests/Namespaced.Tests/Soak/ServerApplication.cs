using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>
/// The application behind the mesh: obeys commands, judges what it receives, counts. On a rough port it also dies in the middle of some
/// exchanges.
/// </summary>
internal sealed class ServerApplication : IDisposable
{
    private readonly Socket _listener;
    private readonly bool _isRough;
    private readonly Random _chance;
    private long _sent;
    private long _received;
    private int _connections;
    private int _open;

    public ServerApplication(ProxyNode node, string address, int port, bool isRough, int seed)
    {
        (_isRough, _chance, Port) = (isRough, new Random(seed), port);
        _listener = node.Listen(address, port);
        _ = AcceptAsync();
    }

    public int Port { get; }

    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    public int Connections => Volatile.Read(ref _connections);

    public int Open => Volatile.Read(ref _open);

    /// <summary>Wrong bytes and, on a port that nobody cuts, everything else that went wrong.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Problems { get; } = new();

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _open);
        socket.NoDelay = true;
        try
        {
            using (socket)
            {
                while (await ObeyAsync(socket))
                {
                }
            }
        }
        catch (CorruptionException e)
        {
            Problems.Enqueue($"server {Port}: {e.Message}");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException or TimeoutException)
        {
            if (!_isRough) Problems.Enqueue($"server {Port}: {e.Message}");
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>One command; false at the end of the connection.</summary>
    private async Task<bool> ObeyAsync(Socket socket)
    {
        var head = new byte[Command.Size];
        for (var have = 0; have < head.Length;)
        {
            // An idle connection may say nothing for as long as the soak lasts.
            var read = await socket.ReceiveAsync(head.AsMemory(have));
            if (read == 0 && have == 0) return false;
            if (read == 0) throw new EndOfStreamException("a command was cut off");
            have += read;
            CountReceived(read);
        }

        var command = Command.Read(head);
        if (IsToDie()) return Die(socket);
        switch (command.Kind)
        {
            case CommandKind.Exchange:
                await Wire.ReadPatternAsync(socket, command.Seed, command.RequestBytes, CountReceived);
                if (IsToDie()) return Die(socket);
                await Wire.SendPatternAsync(socket, command.Seed + 1, command.AnswerBytes, CountSent);
                return true;
            case CommandKind.ClientEndsFirst:
                await Wire.ReadPatternAsync(socket, command.Seed, command.RequestBytes, CountReceived);
                await Wire.ReadEndAsync(socket);
                await Wire.SendPatternAsync(socket, command.Seed + 1, command.AnswerBytes, CountSent);
                socket.Shutdown(SocketShutdown.Send);
                return false;
            case CommandKind.ServerEndsFirst:
                await Wire.SendPatternAsync(socket, command.Seed + 1, command.AnswerBytes, CountSent);
                socket.Shutdown(SocketShutdown.Send);
                await Wire.ReadPatternAsync(socket, command.Seed, command.RequestBytes, CountReceived);
                await Wire.ReadEndAsync(socket);
                return false;
            default:
                throw new CorruptionException($"command {(byte)command.Kind} was never sent");
        }
    }

    private bool IsToDie()
    {
        if (!_isRough) return false;
        lock (_chance) return _chance.Next(8) == 0;
    }

    private static bool Die(Socket socket)
    {
        Wire.Abort(socket);
        return false;
    }

    private void CountSent(int bytes) => Interlocked.Add(ref _sent, bytes);

    private void CountReceived(int bytes) => Interlocked.Add(ref _received, bytes);
}
