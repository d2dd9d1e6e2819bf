using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Passes connections on as they are, both directions ending on their own: the inside of a network gateway.</summary>
internal sealed class Forwarder : IDisposable
{
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Socket _listener;
    private readonly Node _node;
    private readonly (string Address, int Port) _target;
    private int _connections;

    public Forwarder(Node node, int port, string address, int targetPort)
    {
        (_node, _target) = (node, (address, targetPort));
        _listener = node.Listen(port);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Connections => Volatile.Read(ref _connections);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var socket in _sockets) socket.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.Accept();
                Interlocked.Increment(ref _connections);
                var server = _node.Connect(_target.Address, _target.Port);
                server.ReceiveTimeout = server.SendTimeout = 0;
                _sockets.Add(client);
                _sockets.Add(server);
                new Thread(() => Pass(client, server)) { IsBackground = true }.Start();
                new Thread(() => Pass(server, client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException) { } // The test is over.
    }

    private static void Pass(Socket from, Socket to)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (from.Receive(buffer) is var read and > 0)
            {
                for (var sent = 0; sent < read;) sent += to.Send(buffer, sent, read - sent, SocketFlags.None);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            to.Close(0); // What broke on one side breaks on the other.
        }
    }
}
