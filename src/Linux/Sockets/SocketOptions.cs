using Mesh.Linux.Interop;
using Mesh.Linux.Namespaces;

namespace Mesh.Linux.Sockets;

/// <summary>How a socket is made, before it binds, listens or connects.</summary>
public sealed record SocketOptions
{
    /// <summary>Where the socket lives; null is the namespace of this process.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>SO_MARK; zero sets none. Set before bind and connect, so even the first packet carries it.</summary>
    public uint Mark { get; init; }

    /// <summary>IP_TRANSPARENT and IP_FREEBIND, both families.</summary>
    public Transparency Transparency { get; init; }

    public bool ReusePort { get; init; }

    /// <summary>Only meaningful for IPv6 sockets; off accepts IPv4 on the same socket.</summary>
    public bool V6Only { get; init; }

    public bool NoDelay { get; init; } = true;

    /// <summary>Null leaves keepalive off.</summary>
    public KeepAlive? KeepAlive { get; init; }

    /// <summary>TCP_USER_TIMEOUT; zero leaves the kernel's default.</summary>
    public TimeSpan UserTimeout { get; init; }

    /// <summary>
    /// The peer is on this machine. Congestion control that paces by the clock (BBR, where it is the machine's default) then only costs
    /// timers and wake-ups: measured, a fifth of the throughput and more. Reno, which every kernel has, is asked for; best effort. And a dial
    /// has mostly succeeded or failed by the time the kernel comes back.
    /// </summary>
    public bool StaysOnMachine { get; init; }

    /// <summary>Source address to bind before connecting; null lets the kernel choose.</summary>
    public InetEndpoint? BindTo { get; init; }

    /// <summary>Bounded again by net.core.somaxconn.</summary>
    public int Backlog { get; init; } = BacklogDefault;

    public const int BacklogDefault = 4096;

    /// <summary>Makes a TCP socket this way and closes it: what the kernel would say to a real one. Any thread.</summary>
    public Errno Probe()
    {
        var error = SocketCalls.TryCreate(Libc.AF_INET, Libc.SOCK_STREAM, this, out var descriptor);
        if (error == Errno.None) _ = Libc.close(descriptor);
        return error;
    }
}
