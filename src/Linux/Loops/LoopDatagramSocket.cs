using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>A non-blocking UDP socket of one loop. Owns its descriptor; loop thread only.</summary>
public sealed class LoopDatagramSocket : ILoopSource, IDisposable
{
    private readonly EventLoop _loop;
    private readonly LoopRegistration _registration;
    private readonly bool _isV6;
    private int _descriptor;

    private LoopDatagramSocket(EventLoop loop, int descriptor, bool isV6)
    {
        (_loop, _descriptor, _isV6) = (loop, descriptor, isV6);
        _registration = loop.RegisterRaw(descriptor, this, hearsWritable: true);
    }

    /// <summary>Who hears of edges.</summary>
    public ILoopSource? Sink { get; set; }

    public bool IsReadable { get; private set; } = true;

    public InetEndpoint LocalAddress => SocketCalls.LocalOf(_descriptor);

    public static Errno TryBind(EventLoop loop, InetEndpoint local, SocketOptions options, out LoopDatagramSocket? socket)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        loop.RequireCurrent();
        socket = null;
        var error = SocketCalls.TryCreate(local.IsV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_DGRAM, options, out var descriptor);
        if (error != Errno.None) return error;
        error = SocketCalls.Bind(descriptor, local, asV6: local.IsV6);
        if (error != Errno.None)
        {
            _ = Libc.close(descriptor);
            return error;
        }

        socket = new LoopDatagramSocket(loop, descriptor, local.IsV6);
        return Errno.None;
    }

    /// <summary>Fixes the peer, so that only its datagrams arrive and its refusals are told.</summary>
    public Errno TryConnect(InetEndpoint remote) => SocketCalls.Connect(_descriptor, remote);

    /// <summary>Takes one datagram; a longer one than the buffer is cut and says so by <paramref name="received"/> exceeding it.</summary>
    public unsafe Errno TryReceiveFrom(Span<byte> destination, out int received, out InetEndpoint from)
    {
        received = 0;
        from = default;
        if (!IsReadable) return Errno.WouldBlock;
        var address = stackalloc byte[InetEndpoint.SizeMax];
        fixed (byte* at = destination)
        {
            while (true)
            {
                uint length = InetEndpoint.SizeMax;
                var count = Libc.recvfrom(_descriptor, at, (nuint)destination.Length, Libc.MSG_DONTWAIT | Libc.MSG_TRUNC, address, &length);
                if (count >= 0)
                {
                    received = (int)count;
                    InetEndpoint.TryRead(new ReadOnlySpan<byte>(address, (int)length), out from);
                    return Errno.None;
                }

                var error = Libc.LastError;
                if (error == Errno.Interrupted) continue;
                if (error == Errno.WouldBlock) IsReadable = false;
                return error;
            }
        }
    }

    /// <summary>Sends one datagram whole or not at all; WouldBlock means it was dropped, as UDP may.</summary>
    public unsafe Errno TrySendTo(ReadOnlySpan<byte> datagram, InetEndpoint to)
    {
        var address = stackalloc byte[InetEndpoint.SizeMax];
        var length = to.Write(new Span<byte>(address, InetEndpoint.SizeMax), asV6: _isV6);
        fixed (byte* at = datagram)
        {
            while (Libc.sendto(_descriptor, at, (nuint)datagram.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, address, (uint)length) < 0)
            {
                if (Libc.LastError != Errno.Interrupted) return Libc.LastError;
            }
        }

        return Errno.None;
    }

    /// <summary>Sends to the connected peer.</summary>
    public unsafe Errno TrySend(ReadOnlySpan<byte> datagram)
    {
        fixed (byte* at = datagram)
        {
            while (Libc.send(_descriptor, at, (nuint)datagram.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL) < 0)
            {
                if (Libc.LastError != Errno.Interrupted) return Libc.LastError;
            }
        }

        return Errno.None;
    }

    public void OnReady(ReadyEvents ready)
    {
        IsReadable = true;
        Sink?.OnReady(ready);
    }

    public void Dispose()
    {
        if (_descriptor < 0) return;
        _loop.UnregisterRaw(_registration, -1);
        _ = Libc.close(_descriptor);
        _descriptor = -1;
    }
}
