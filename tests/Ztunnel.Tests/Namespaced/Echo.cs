using System.Net.Sockets;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Sends random bytes to and fro over one connection without a pause, and compares every one of them.</summary>
internal sealed class Echo : IDisposable
{
    private const int ChunkBytes = 16 * 1024;
    private readonly Socket _client;
    private readonly Socket _server;
    private readonly Thread[] _threads;
    private volatile Exception? _ended;
    private long _rounds;

    /// <summary>Over a connection on which so many bytes are still to be read by the server.</summary>
    public Echo(Socket client, Socket server, int skip = 0)
    {
        (_client, _server) = (client, server);
        if (skip > 0) Receive(server, new byte[skip]);
        _threads = [new Thread(Talk), new Thread(Answer)];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>It has not ended, and goes on.</summary>
    public void AssertAlive()
    {
        var before = Volatile.Read(ref _rounds);
        Shell.WaitFor("further bytes", () => _ended is not null || Volatile.Read(ref _rounds) > before + 10);
        Assert.Null(_ended);
    }

    /// <summary>It ends, and not because a byte was wrong.</summary>
    public void AssertEnds()
    {
        Shell.WaitFor("the end of the connection", () => _ended is not null);
        Assert.IsType<SocketException>(_ended);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        foreach (var thread in _threads) thread.Join();
    }

    private void Talk()
    {
        var random = new Random(11);
        var (sent, back) = (new byte[ChunkBytes], new byte[ChunkBytes]);
        try
        {
            while (true)
            {
                random.NextBytes(sent);
                _client.Send(sent);
                Receive(_client, back);
                if (!back.AsSpan().SequenceEqual(sent)) throw new InvalidDataException("other bytes came back");
                Interlocked.Increment(ref _rounds);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidDataException)
        {
            _ended = e;
        }
    }

    private void Answer()
    {
        var buffer = new byte[ChunkBytes];
        try
        {
            while (true)
            {
                Receive(_server, buffer);
                _server.Send(buffer);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other thread tells of the end.
        }
    }

    private static void Receive(Socket from, byte[] buffer)
    {
        for (var have = 0; have < buffer.Length;)
        {
            var read = from.Receive(buffer.AsSpan(have));
            if (read == 0) throw new SocketException((int)SocketError.ConnectionReset);
            have += read;
        }
    }
}
