using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>A connection to an echo server that a test keeps open.</summary>
internal sealed class Talk : IDisposable
{
    private const int SolSocket = 1;
    private const int SoMark = 36;
    private readonly Socket _socket;

    private Talk(Socket socket) => _socket = socket;

    public int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public static Talk Open(Node from, string address, int port = Lab.ApplicationPort) => new(from.Connect(address, port));

    /// <summary>Not redirected at its own node, as the proxy's own sockets are: what arrives at the other node is plaintext.</summary>
    public static Talk OpenPlain(Node from, string address, int port = Lab.ApplicationPort) => new(from.Namespace.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(1337));
        socket.Connect(IPAddress.Parse(address), port);
        return socket;
    }));

    /// <summary>Sends a word and reads it back; empty when the connection has ended.</summary>
    public string Say(string word)
    {
        try
        {
            _socket.Send(Encoding.ASCII.GetBytes(word));
            var buffer = new byte[word.Length];
            var have = 0;
            while (have < buffer.Length && _socket.Receive(buffer, have, buffer.Length - have, SocketFlags.None) is var read and > 0) have += read;
            return Encoding.ASCII.GetString(buffer, 0, have);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted)
        {
            return "";
        }
    }

    /// <summary>Waits until the other side ended or reset it; nothing is sent.</summary>
    public void WaitForEnd()
    {
        Assert.True(_socket.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "the connection is still open");
        try
        {
            Assert.Equal(0, _socket.Receive(new byte[16]));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A reset is an end.
        }
    }

    public void Dispose() => _socket.Dispose();
}
