using Mesh.Linux.Interop;

namespace Mesh.Linux.Sockets;

/// <summary>Socket system calls on raw descriptors, errno as a value; the caller owns the descriptor.</summary>
internal static unsafe class SocketCalls
{
    /// <summary>Makes a non-blocking socket with its options set, in the namespace asked for; -1 and the reason otherwise.</summary>
    public static Errno TryCreate(int family, int type, SocketOptions options, out int descriptor)
    {
        descriptor = -1;
        int made;
        Errno error;
        if (options.Namespace is { } inside)
        {
            error = inside.TryCreateSocket(family, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, out made);
            if (error != Errno.None) return error;
        }
        else
        {
            made = Libc.socket(family, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
            if (made < 0) return Libc.LastError;
        }

        error = family is Libc.AF_INET or Libc.AF_INET6 ? SetOptions(made, family, type, options) : Errno.None;
        if (error != Errno.None)
        {
            _ = Libc.close(made);
            return error;
        }

        descriptor = made;
        return Errno.None;
    }

    public static Errno SetOptions(int socket, int family, int type, SocketOptions options)
    {
        if (options.Mark != 0 && Set(socket, Libc.SOL_SOCKET, Libc.SO_MARK, (int)options.Mark) is var mark and not Errno.None) return mark;
        if (options.ReusePort && Set(socket, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1) is var reuse and not Errno.None) return reuse;
        if (family == Libc.AF_INET6 && Set(socket, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, options.V6Only ? 1 : 0) is var only and not Errno.None)
        {
            return only;
        }

        if (options.Transparency != Transparency.Off && SetTransparent(socket, family) is var transparent and not Errno.None
            && options.Transparency == Transparency.Required)
        {
            return transparent;
        }

        return type == Libc.SOCK_STREAM ? SetTcp(socket, options) : Errno.None;
    }

    private static Errno SetTcp(int socket, SocketOptions options)
    {
        if (options.NoDelay && Set(socket, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1) is var delay and not Errno.None) return delay;
        if (options.UserTimeout > TimeSpan.Zero
            && Set(socket, Libc.IPPROTO_TCP, Libc.TCP_USER_TIMEOUT, (int)options.UserTimeout.TotalMilliseconds) is var user and not Errno.None)
        {
            return user;
        }

        if (options.StaysOnMachine) SetReno(socket);
        return options.KeepAlive is { } keep ? SetKeepAlive(socket, keep) : Errno.None;
    }

    /// <summary>Best effort: <see cref="SocketOptions.StaysOnMachine"/>.</summary>
    public static void SetReno(int socket)
    {
        fixed (byte* name = "reno"u8) _ = Libc.setsockopt(socket, Libc.IPPROTO_TCP, Libc.TCP_CONGESTION, name, 4);
    }

    public static Errno SetKeepAlive(int socket, KeepAlive keep)
    {
        var error = Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, (int)keep.Idle.TotalSeconds);
        if (error == Errno.None) error = Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, (int)keep.Interval.TotalSeconds);
        if (error == Errno.None) error = Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT, keep.Probes);
        return error == Errno.None ? Set(socket, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1) : error;
    }

    public static Errno Set(int socket, int level, int name, int value) =>
        Libc.setsockopt(socket, level, name, &value, sizeof(int)) == 0 ? Errno.None : Libc.LastError;

    public static Errno Bind(int socket, InetEndpoint local, bool asV6)
    {
        var address = stackalloc byte[InetEndpoint.SizeMax];
        var length = local.Write(new Span<byte>(address, InetEndpoint.SizeMax), asV6);
        return Libc.bind(socket, address, (uint)length) == 0 ? Errno.None : Libc.LastError;
    }

    public static Errno Connect(int socket, InetEndpoint remote)
    {
        var address = stackalloc byte[InetEndpoint.SizeMax];
        var length = remote.Write(new Span<byte>(address, InetEndpoint.SizeMax));
        while (Libc.connect(socket, address, (uint)length) != 0)
        {
            if (Libc.LastError != Errno.Interrupted) return Libc.LastError;
        }

        return Errno.None;
    }

    /// <summary>SO_ERROR, cleared by reading it.</summary>
    public static Errno TakeError(int socket)
    {
        int error;
        uint length = sizeof(int);
        return Libc.getsockopt(socket, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length) == 0 ? (Errno)error : Libc.LastError;
    }

    public static InetEndpoint LocalOf(int socket)
    {
        var address = stackalloc byte[InetEndpoint.SizeMax];
        uint length = InetEndpoint.SizeMax;
        if (Libc.getsockname(socket, address, &length) != 0) return default;
        return InetEndpoint.TryRead(new ReadOnlySpan<byte>(address, (int)length), out var endpoint) ? endpoint : default;
    }

    public static InetEndpoint PeerOf(int socket)
    {
        var address = stackalloc byte[InetEndpoint.SizeMax];
        uint length = InetEndpoint.SizeMax;
        if (Libc.getpeername(socket, address, &length) != 0) return default;
        return InetEndpoint.TryRead(new ReadOnlySpan<byte>(address, (int)length), out var endpoint) ? endpoint : default;
    }

    /// <summary>The address the client dialled, before any redirection; NotFound when the kernel tracks no such flow.</summary>
    public static Errno OriginalDestinationOf(int socket, out InetEndpoint dialled)
    {
        dialled = default;
        var address = stackalloc byte[InetEndpoint.SizeMax];
        uint length = InetEndpoint.SizeMax;
        if (Libc.getsockopt(socket, Libc.IPPROTO_IP, Libc.SO_ORIGINAL_DST, address, &length) != 0)
        {
            length = InetEndpoint.SizeMax;
            if (Libc.getsockopt(socket, Libc.IPPROTO_IPV6, Libc.SO_ORIGINAL_DST, address, &length) != 0) return Libc.LastError;
        }

        return InetEndpoint.TryRead(new ReadOnlySpan<byte>(address, (int)length), out dialled) ? Errno.None : Errno.FamilyNotSupported;
    }

    public static Errno PeerCredentialsOf(int socket, out PeerCredentials credentials)
    {
        PeerCredentials read;
        var length = (uint)sizeof(PeerCredentials);
        var failed = Libc.getsockopt(socket, Libc.SOL_SOCKET, Libc.SO_PEERCRED, &read, &length) != 0;
        credentials = failed ? default : read;
        return failed ? Libc.LastError : Errno.None;
    }

    private static Errno SetTransparent(int socket, int family)
    {
        // A dual-stack socket needs the IPv4 options as well: its IPv4 flows are routed by the IPv4 flags.
        var error = Set(socket, Libc.IPPROTO_IP, Libc.IP_TRANSPARENT, 1);
        if (error == Errno.None) error = Set(socket, Libc.IPPROTO_IP, Libc.IP_FREEBIND, 1);
        if (family != Libc.AF_INET6 || error != Errno.None) return error;
        error = Set(socket, Libc.IPPROTO_IPV6, Libc.IPV6_TRANSPARENT, 1);
        return error == Errno.None ? Set(socket, Libc.IPPROTO_IPV6, Libc.IPV6_FREEBIND, 1) : error;
    }
}
