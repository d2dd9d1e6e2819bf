using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Tests.Dns;

/// <summary>A name server on the loopback, both transports on one port, that says what the test wants.</summary>
internal sealed class NameServer : IDisposable
{
    private const int PortsTriedMax = 50;
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly Func<byte[], bool, IEnumerable<byte[]>> _answer;

    /// <param name="answer">The question and whether it came over TCP in, datagrams out; none is silence.</param>
    public NameServer(Func<byte[], bool, IEnumerable<byte[]>> answer, IPAddress? address = null, int port = 0)
    {
        _answer = answer;
        (_udp, _tcp) = Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        _tcp.Listen();
        new Thread(ServeUdp) { IsBackground = true }.Start();
        new Thread(ServeTcp) { IsBackground = true }.Start();
    }

    public InetEndpoint Address => InetEndpoint.From((IPEndPoint)_udp.LocalEndPoint!);

    /// <summary>Every question, with the address it came from.</summary>
    public ConcurrentQueue<(byte[] Question, IPEndPoint From, bool IsTcp)> Heard { get; } = new();

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    /// <summary>A port that is free for UDP may be somebody's for TCP: then another one, unless the test named it.</summary>
    private static (Socket Udp, Socket Tcp) Bind(IPEndPoint at)
    {
        for (var tried = 1; ; tried++)
        {
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                udp.Bind(at);
                tcp.Bind(udp.LocalEndPoint!);
                return (udp, tcp);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && at.Port == 0 && tried < PortsTriedMax)
            {
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    private void ServeUdp()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                var length = _udp.ReceiveFrom(buffer, ref from);
                var question = buffer[..length];
                Heard.Enqueue((question, (IPEndPoint)from, false));
                foreach (var answer in _answer(question, false)) _udp.SendTo(answer, from);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void ServeTcp()
    {
        try
        {
            while (true)
            {
                using var socket = _tcp.Accept();
                using var stream = new NetworkStream(socket);
                var prefix = new byte[2];
                stream.ReadExactly(prefix);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                stream.ReadExactly(question);
                Heard.Enqueue((question, (IPEndPoint)socket.RemoteEndPoint!, true));
                foreach (var answer in _answer(question, true))
                {
                    BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)answer.Length);
                    stream.Write([.. prefix, .. answer]);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }
}
