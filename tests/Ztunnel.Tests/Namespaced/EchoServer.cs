using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Sends back what it receives until the client ends, on threads of its own; counts connections.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly ConcurrentBag<Socket> _accepted = [];
    private readonly Socket _listener;
    private readonly byte[] _greeting;
    private int _connections;

    /// <param name="node">Where it listens.</param>
    /// <param name="port">On which port.</param>
    /// <param name="greeting">Sent first on every connection.</param>
    public EchoServer(Node node, int port = Lab.ApplicationPort, string greeting = "")
    {
        _greeting = System.Text.Encoding.ASCII.GetBytes(greeting);
        _listener = node.Listen(port);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Connections => Volatile.Read(ref _connections);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var socket in _accepted) socket.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                _accepted.Add(socket);
                Interlocked.Increment(ref _connections);
                new Thread(() => Echo(socket)) { IsBackground = true }.Start();
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException) { } // The test is over.
    }

    private void Echo(Socket socket)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            if (_greeting.Length > 0) socket.Send(_greeting);
            while (socket.Receive(buffer) is var read and > 0)
            {
                for (var sent = 0; sent < read;) sent += socket.Send(buffer, sent, read - sent, SocketFlags.None);
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException) { } // Cut, as some tests mean to.
    }
}
