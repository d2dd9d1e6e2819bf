using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Dns;

/// <summary>A UDP socket in a pod on which names are asked for. Loop thread only.</summary>
internal sealed class DnsUdpListener : ILoopSource, ILoopWork, IDisposable
{
    /// <summary>Requests answered in one go, before other sources get their turn.</summary>
    private const int BatchMax = 64;

    /// <summary>A question with all that EDNS may bring; longer ones are no questions.</summary>
    public const int RequestBytesMax = 4096;
    private readonly DnsServer _server;
    private readonly LoopDatagramSocket _socket;
    private readonly ushort _port;
    private bool _isContinuing;
    private bool _isClosed;

    private DnsUdpListener(DnsServer server, LoopDatagramSocket socket)
    {
        (_server, _socket, _port) = (server, socket, socket.LocalAddress.Port);
        socket.Sink = this;
    }

    public InetEndpoint LocalAddress => _socket.LocalAddress;

    public static Errno TryOpen(DnsServer server, InetEndpoint local, SocketOptions options, out DnsUdpListener? listener)
    {
        var error = LoopDatagramSocket.TryBind(server.Loop, local, options, out var socket);
        listener = socket is null ? null : new DnsUdpListener(server, socket);
        return error;
    }

    public void OnReady(ReadyEvents ready)
    {
        if (!_isContinuing) AnswerBatch();
    }

    void ILoopWork.Run()
    {
        _isContinuing = false;
        AnswerBatch();
    }

    /// <summary>Answers what waits in the socket; false when there may be more.</summary>
    public bool AnswerBatch()
    {
        for (var i = 0; i < BatchMax; i++)
        {
            if (_isClosed) return true;
            var buffer = _server.Loop.ReceiveScratch[..RequestBytesMax];
            var error = _socket.TryReceiveFrom(buffer, out var received, out var from);
            if (error != Errno.None) return true;
            // From our own port it would be an answer, and answering answers goes round in circles.
            if (received <= buffer.Length && from.Port != _port) Answer(buffer[..received], from);
        }

        if (_isContinuing) return false;
        _isContinuing = true;
        _server.Loop.RunNextTurn(this);
        return false;
    }

    public void Send(ReadOnlySpan<byte> answer, InetEndpoint to)
    {
        if (!_isClosed) _socket.TrySendTo(answer, to); // What the kernel has no room for is lost, as datagrams may be.
    }

    public void Dispose()
    {
        _isClosed = true;
        _socket.Dispose();
    }

    private void Answer(ReadOnlySpan<byte> request, InetEndpoint from)
    {
        try
        {
            switch (_server.TryAnswer(request, isTcp: false, out var answer))
            {
                case DnsOutcome.Answered:
                    Send(answer, from);
                    break;
                case DnsOutcome.Deferred:
                    _server.Defer(request, new DnsUdpClient(this, from));
                    break;
                case DnsOutcome.Dropped:
                    break;
            }
        }
        catch (Exception fault)
        {
            _server.Loop.ReportFault(nameof(DnsUdpListener), fault); // A bug costs one answer, not the pod's names.
        }
    }
}
