using System.Security.Cryptography;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// One datagram sent to one server, from a socket of its own: the kernel chooses the port, and lets nobody in but that server. Loop thread only.
/// </summary>
internal sealed class DnsAttempt : ILoopSource, IDisposable
{
    /// <summary>Wrong answers taken before the attempt is given up: somebody is guessing.</summary>
    private const int ForeignMax = 16;
    private const int ReplyBytesMax = 4096;
    private readonly ForwardedQuestion _question;
    private readonly LoopDatagramSocket _socket;
    private int _foreign;

    private DnsAttempt(ForwardedQuestion question, LoopDatagramSocket socket, InetEndpoint server)
    {
        (_question, _socket, Server) = (question, socket, server);
        Id = BitConverter.ToUInt16(RandomNumberGenerator.GetBytes(sizeof(ushort)));
        socket.Sink = this;
    }

    /// <summary>Cannot be guessed.</summary>
    public ushort Id { get; }

    public InetEndpoint Server { get; }

    public static Errno TryBegin(ForwardedQuestion question, EventLoop loop, InetEndpoint server, SocketOptions options, out DnsAttempt? attempt)
    {
        attempt = null;
        var any = server.IsV6 ? InetEndpoint.AnyV6(0) : InetEndpoint.AnyV4(0);
        var error = LoopDatagramSocket.TryBind(loop, any, options, out var socket);
        if (socket is null) return error;
        error = socket.TryConnect(server);
        if (error == Errno.None) attempt = new DnsAttempt(question, socket, server);
        else socket.Dispose();
        return error;
    }

    public Errno TrySend(ReadOnlySpan<byte> query) => _socket.TrySend(query);

    public void OnReady(ReadyEvents ready)
    {
        var buffer = _question.Loop.ReceiveScratch[..ReplyBytesMax];
        while (true)
        {
            var error = _socket.TryReceiveFrom(buffer, out var received, out _);
            if (error == Errno.WouldBlock) return;
            if (error != Errno.None)
            {
                _question.OnAttemptFailed(this); // The host says that nobody listens there.
                return;
            }

            if (received <= buffer.Length && _question.TryTake(buffer[..received], this)) return;
            if (++_foreign < ForeignMax) continue;
            _question.OnAttemptFailed(this);
            return;
        }
    }

    public void OnFault(Exception fault) => _question.Fail();

    public void Dispose() => _socket.Dispose();
}
