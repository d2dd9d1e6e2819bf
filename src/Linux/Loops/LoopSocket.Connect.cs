using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>How connections begin.</summary>
public sealed partial class LoopSocket
{
    private static readonly SocketOptions PlainOptions = new();

    /// <summary>Dials an address; the outcome says whether there is a socket or why not. On the loop's thread.</summary>
    public static async ValueTask<ConnectOutcome> ConnectAsync(EventLoop loop, InetEndpoint remote, SocketOptions options, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        loop.RequireCurrent();
        var error = TryBegin(remote, options, out var descriptor);
        if (error is not (Errno.None or Errno.InProgress)) return new ConnectOutcome(error, Socket: null);

        var socket = Take(loop, descriptor, isStream: true, isConnecting: error == Errno.InProgress);
        if (error == Errno.None) return new ConnectOutcome(Errno.None, socket);

        socket.IsWritable = false;
        socket.IsReadable = false;
        var outcome = await socket.WritableAsync(timeout);
        if (outcome == WaitOutcome.Closed) return new ConnectOutcome(Errno.BadDescriptor, Socket: null);
        error = outcome == WaitOutcome.TimedOut ? Errno.TimedOut : SocketCalls.TakeError(socket._descriptor);
        if (error == Errno.None)
        {
            socket.IsReadable = true;
            return new ConnectOutcome(Errno.None, socket);
        }

        socket.Dispose();
        return new ConnectOutcome(error, Socket: null);
    }

    /// <summary>Dials a UNIX socket in the file system, which answers at once; AGAIN means that the listener's queue is full.</summary>
    public static unsafe Errno TryConnectUnix(EventLoop loop, string path, UnixSocketKind kind, out LoopSocket? socket)
    {
        ArgumentNullException.ThrowIfNull(loop);
        loop.RequireCurrent();
        socket = null;
        var type = kind == UnixSocketKind.Stream ? Libc.SOCK_STREAM : Libc.SOCK_SEQPACKET;
        var error = SocketCalls.TryCreate(Libc.AF_UNIX, type, PlainOptions, out var descriptor);
        if (error != Errno.None) return error;

        var address = stackalloc byte[UnixAddress.SizeMax];
        var length = UnixAddress.Write(path, new Span<byte>(address, UnixAddress.SizeMax));
        if (Libc.connect(descriptor, address, (uint)length) != 0)
        {
            error = Libc.LastError;
            _ = Libc.close(descriptor);
            return error;
        }

        socket = Take(loop, descriptor, kind == UnixSocketKind.Stream);
        return Errno.None;
    }

    /// <summary>Two sockets connected to each other.</summary>
    public static unsafe (LoopSocket Left, LoopSocket Right) CreatePair(EventLoop loop, UnixSocketKind kind)
    {
        ArgumentNullException.ThrowIfNull(loop);
        loop.RequireCurrent();
        var pair = stackalloc int[2];
        var type = kind == UnixSocketKind.Stream ? Libc.SOCK_STREAM : Libc.SOCK_SEQPACKET;
        if (Libc.socketpair(Libc.AF_UNIX, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair) != 0)
        {
            throw new LinuxException("socketpair", Libc.LastError);
        }

        var isStream = kind == UnixSocketKind.Stream;
        return (Take(loop, pair[0], isStream), Take(loop, pair[1], isStream));
    }

    private static Errno TryBegin(InetEndpoint remote, SocketOptions options, out int descriptor)
    {
        var error = SocketCalls.TryCreate(remote.IsV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM, options, out descriptor);
        if (error != Errno.None) return error;
        if (options.BindTo is { } source)
        {
            // The port is chosen when the destination is known: one address may then use each port once for every destination.
            if (source.Port == 0) _ = SocketCalls.Set(descriptor, Libc.IPPROTO_IP, Libc.IP_BIND_ADDRESS_NO_PORT, 1);
            error = SocketCalls.Bind(descriptor, source, asV6: remote.IsV6);
        }

        if (error == Errno.None) error = SocketCalls.Connect(descriptor, remote);

        // A peer on this machine has usually answered by now, and asking is cheaper than to be told by the next turn.
        if (error == Errno.InProgress && options.StaysOnMachine && SocketCalls.Connect(descriptor, remote) is var again and not Errno.AlreadyInProgress)
            error = again;
        if (error is Errno.None or Errno.InProgress) return error;
        _ = Libc.close(descriptor);
        descriptor = -1;
        return error;
    }
}
