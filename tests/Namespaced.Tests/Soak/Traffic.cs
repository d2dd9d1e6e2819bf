using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>
/// The client applications: many actors that each do one exchange after another, chosen by a seed. On the calm port everything must
/// succeed to the last byte; on the rough ones connections may be cut, but what arrives must be right.
/// </summary>
internal sealed class Traffic(ProxyNode client, int seed, int bulkBytesMax)
{
    private const int SocketsAtOnce = 32;
    private readonly ConcurrentQueue<Socket> _ready = new();
    private long _sent;
    private long _received;
    private long _exchanges;
    private long _cut;
    private long _connections;

    /// <summary>Bytes and connections on the calm port.</summary>
    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Exchanges that were finished, on any port.</summary>
    public long Exchanges => Volatile.Read(ref _exchanges);

    /// <summary>Connections on the rough ports that ended early.</summary>
    public long Cut => Volatile.Read(ref _cut);

    public ConcurrentQueue<string> Problems { get; } = new();

    /// <summary>One actor on the calm port until told to stop.</summary>
    public async Task CalmAsync(int number, CancellationToken stop)
    {
        var chance = new Random(HashCode.Combine(seed, number));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var socket = await DialAsync(Site.ServerIp, Ports.Calm);
                Interlocked.Increment(ref _connections);
                await OneConnectionAsync(socket, chance, CountSent, CountReceived, stop);
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException or CorruptionException or TimeoutException)
            {
                Problems.Enqueue($"calm actor {number}: {e.GetType().Name} {e.Message}");
            }

            await Task.Delay(chance.Next(20), CancellationToken.None);
        }
    }

    /// <summary>One actor on ports where anybody may die at any time, itself included.</summary>
    public async Task RoughAsync(int number, CancellationToken stop)
    {
        var chance = new Random(HashCode.Combine(seed, -number));
        while (!stop.IsCancellationRequested)
        {
            var (ip, port) = Ports.Rough[chance.Next(Ports.Rough.Length)];
            try
            {
                using var socket = await DialAsync(ip, port);
                var work = OneConnectionAsync(socket, chance, static _ => { }, static _ => { }, stop);
                if (chance.Next(4) == 0)
                {
                    await Task.WhenAny(work, Task.Delay(chance.Next(30), CancellationToken.None));
                    Wire.Abort(socket);
                }

                await work;
            }
            catch (CorruptionException e)
            {
                Problems.Enqueue($"rough actor {number}: {e.Message}");
            }
            catch (TimeoutException)
            {
                Problems.Enqueue($"rough actor {number}: a connection to {ip}:{port} hung");
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException or ObjectDisposedException)
            {
                Interlocked.Increment(ref _cut);
            }

            await Task.Delay(chance.Next(20), CancellationToken.None);
        }
    }

    /// <summary>A connection that says something at its start and its end and nothing between.</summary>
    public async Task IdleAsync(int number, TaskCompletionSource opened, CancellationToken stop)
    {
        try
        {
            using var socket = await DialAsync(Site.ServerIp, Ports.Calm);
            Interlocked.Increment(ref _connections);
            await ExchangeAsync(socket, new Command(CommandKind.Exchange, (uint)number, 1, 1), CountSent, CountReceived);
            opened.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            await ExchangeAsync(socket, new Command(CommandKind.Exchange, (uint)number, 1000, 1000), CountSent, CountReceived);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException or CorruptionException or TimeoutException)
        {
            opened.TrySetResult();
            Problems.Enqueue($"idle connection {number}: {e.GetType().Name} {e.Message}");
        }
    }

    private void CountSent(int bytes) => Interlocked.Add(ref _sent, bytes);

    private void CountReceived(int bytes) => Interlocked.Add(ref _received, bytes);

    private async Task OneConnectionAsync(Socket socket, Random chance, Action<int> sent, Action<int> received, CancellationToken stop)
    {
        var command = (uint)chance.Next() + 1;
        switch (chance.Next(20))
        {
            case < 10: // Short.
                await ExchangeAsync(socket, new Command(CommandKind.Exchange, command, chance.Next(4096), chance.Next(4096)), sent, received);
                break;
            case < 14: // A conversation.
                for (var i = chance.Next(5, 60); i > 0 && !stop.IsCancellationRequested; i--)
                {
                    await ExchangeAsync(socket, new Command(CommandKind.Exchange, command += 2, chance.Next(2000), chance.Next(20_000)), sent, received);
                    if (chance.Next(3) == 0) await Task.Delay(chance.Next(50), CancellationToken.None);
                }

                break;
            case < 15: // Bulk up, and bulk down.
                await ExchangeAsync(socket, new Command(CommandKind.Exchange, command, chance.Next(bulkBytesMax), 10), sent, received);
                break;
            case < 16:
                await ExchangeAsync(socket, new Command(CommandKind.Exchange, command, 10, chance.Next(bulkBytesMax)), sent, received);
                break;
            case < 18:
                await ExchangeAsync(socket, new Command(CommandKind.ClientEndsFirst, command, chance.Next(100_000), chance.Next(100_000)), sent, received);
                break;
            default:
                await ExchangeAsync(socket, new Command(CommandKind.ServerEndsFirst, command, chance.Next(100_000), chance.Next(100_000)), sent, received);
                break;
        }
    }

    private async Task ExchangeAsync(Socket socket, Command command, Action<int> sent, Action<int> received)
    {
        var head = new byte[Command.Size];
        command.Write(head);
        await Wire.SendAsync(socket, head);
        sent(head.Length);
        if (command.Kind == CommandKind.ServerEndsFirst)
        {
            await Wire.ReadPatternAsync(socket, command.Seed + 1, command.AnswerBytes, received);
            await Wire.ReadEndAsync(socket);
            await Wire.SendPatternAsync(socket, command.Seed, command.RequestBytes, sent);
            socket.Shutdown(SocketShutdown.Send);
        }
        else
        {
            await Wire.SendPatternAsync(socket, command.Seed, command.RequestBytes, sent);
            if (command.Kind == CommandKind.ClientEndsFirst) socket.Shutdown(SocketShutdown.Send);
            await Wire.ReadPatternAsync(socket, command.Seed + 1, command.AnswerBytes, received);
            if (command.Kind == CommandKind.ClientEndsFirst) await Wire.ReadEndAsync(socket);
        }

        Interlocked.Increment(ref _exchanges);
    }

    private async Task<Socket> DialAsync(string ip, int port)
    {
        Socket? socket;
        while (!_ready.TryDequeue(out socket))
        {
            foreach (var made in client.Sockets(SocketsAtOnce)) _ready.Enqueue(made);
        }

        await socket.ConnectAsync(IPAddress.Parse(ip), port).WaitAsync(Wire.Patience);
        return socket;
    }
}
