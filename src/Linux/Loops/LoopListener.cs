using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>A listening socket of one loop: accepts in batches and hands each connection on. Owns its descriptor; loop thread only.</summary>
public sealed class LoopListener : ILoopSource, ILoopTimerTarget, ILoopWork, IDisposable
{
    /// <summary>Connections accepted in one go, before other sources get their turn.</summary>
    private const int BatchMax = 64;

    /// <summary>How long to leave the queue alone when descriptors or memory ran out.</summary>
    private static readonly TimeSpan ExhaustedPause = TimeSpan.FromMilliseconds(100);

    private readonly EventLoop _loop;
    private readonly ILoopAcceptor _acceptor;
    private readonly LoopRegistration _registration;
    private readonly LoopTimer _pause;
    private readonly bool _isInet;
    private readonly bool _isStream;
    private readonly int _backlog;
    private int _descriptor;
    private bool _continuing;

    private LoopListener(EventLoop loop, int descriptor, ILoopAcceptor acceptor, bool isInet, bool isStream, int backlog)
    {
        (_loop, _descriptor, _acceptor, _isInet, _isStream, _backlog) = (loop, descriptor, acceptor, isInet, isStream, backlog);
        _pause = new LoopTimer(loop, this);
        try
        {
            _registration = loop.RegisterRaw(descriptor, this, hearsWritable: false);
        }
        catch
        {
            _ = Libc.close(descriptor);
            _descriptor = -1;
            throw;
        }
    }

    /// <summary>Where it listens; the port is the kernel's choice if zero was asked for.</summary>
    public InetEndpoint LocalAddress => SocketCalls.LocalOf(_descriptor);

    /// <summary>Connections accepted since the start.</summary>
    public long Accepted { get; private set; }

    /// <summary>Listens on an IP address. IPv6 wildcard with V6Only off takes IPv4 as well.</summary>
    public static Errno TryListen(EventLoop loop, InetEndpoint local, SocketOptions options, ILoopAcceptor acceptor, out LoopListener? listener)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        loop.RequireCurrent();
        listener = null;
        var error = SocketCalls.TryCreate(local.IsV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM, options, out var descriptor);
        if (error != Errno.None) return error;
        error = SocketCalls.Set(descriptor, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (error == Errno.None) error = SocketCalls.Bind(descriptor, local, asV6: local.IsV6);
        if (error == Errno.None && Libc.listen(descriptor, options.Backlog) != 0) error = Libc.LastError;
        if (error != Errno.None)
        {
            _ = Libc.close(descriptor);
            return error;
        }

        listener = new LoopListener(loop, descriptor, acceptor, isInet: true, isStream: true, options.Backlog);
        return Errno.None;
    }

    /// <summary>Listens on a path, removing a socket a former process left there; permissions are set before anyone can connect.</summary>
    public static unsafe Errno TryListenUnix(
        EventLoop loop, string path, UnixSocketKind kind, UnixFileMode mode, ILoopAcceptor acceptor, out LoopListener? listener)
    {
        ArgumentNullException.ThrowIfNull(loop);
        loop.RequireCurrent();
        listener = null;
        var options = new SocketOptions();
        var isStream = kind == UnixSocketKind.Stream;
        var address = stackalloc byte[UnixAddress.SizeMax];
        var length = UnixAddress.Write(path, new Span<byte>(address, UnixAddress.SizeMax));
        File.Delete(path); // Both may throw: before there is a descriptor to lose.
        var error = SocketCalls.TryCreate(Libc.AF_UNIX, isStream ? Libc.SOCK_STREAM : Libc.SOCK_SEQPACKET, options, out var descriptor);
        if (error != Errno.None) return error;

        if (Libc.bind(descriptor, address, (uint)length) != 0) error = Libc.LastError;
        if (error == Errno.None)
        {
            // Before listen: until then every connect is refused. The address holds the path, terminated, behind its family.
            if (Libc.chmod(address + sizeof(ushort), (uint)mode) != 0) error = Libc.LastError;
            else if (Libc.listen(descriptor, options.Backlog) != 0) error = Libc.LastError;
        }

        if (error != Errno.None)
        {
            _ = Libc.close(descriptor);
            return error;
        }

        listener = new LoopListener(loop, descriptor, acceptor, isInet: false, isStream, options.Backlog);
        return Errno.None;
    }

    /// <summary>Takes over a listening socket of another process as it is: with its options and the connections waiting in its queue.</summary>
    public static LoopListener Adopt(EventLoop loop, SafeFileDescriptor descriptor, ILoopAcceptor acceptor)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(descriptor);
        loop.RequireCurrent();
        return new LoopListener(loop, descriptor.Release(), acceptor, isInet: true, isStream: true, SocketOptions.BacklogDefault);
    }

    /// <summary>A second descriptor for handing this listener to another process.</summary>
    public SafeFileDescriptor DuplicateDescriptor()
    {
        using var lent = new SafeFileDescriptor(_descriptor);
        try
        {
            return lent.Duplicate();
        }
        finally
        {
            lent.Release();
        }
    }

    public void OnReady(ReadyEvents ready)
    {
        if (!_pause.IsArmed && !_continuing) AcceptBatch();
    }

    public void OnTimer(LoopTimer timer) => AcceptBatch();

    void ILoopWork.Run()
    {
        _continuing = false;
        if (!_pause.IsArmed) AcceptBatch();
    }

    /// <summary>
    /// Takes what waits in the queue, as much as one can hold, and closes: the kernel resets what is left there, though its clients have
    /// been told that they are connected.
    /// </summary>
    public void Drain()
    {
        try
        {
            var most = _backlog + 1L; // The kernel lets in one more than asked for.
            while (most-- > 0 && TryAcceptOne()) { }
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        if (_descriptor < 0) return;
        _pause.Cancel();
        _loop.UnregisterRaw(_registration, -1);
        _ = Libc.close(_descriptor);
        _descriptor = -1;
    }

    private void AcceptBatch()
    {
        for (var i = 0; i < BatchMax; i++)
        {
            if (!TryAcceptOne()) return;
        }

        if (_continuing) return;
        _continuing = true;
        _loop.RunNextTurn(this);
    }

    /// <summary>False when there is nothing more to take for now.</summary>
    private unsafe bool TryAcceptOne()
    {
        if (_descriptor < 0) return false; // Disposed by whom we just handed a connection.
        var address = stackalloc byte[UnixAddress.SizeMax];
        uint length = UnixAddress.SizeMax;
        var accepted = Libc.accept4(_descriptor, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
        if (accepted < 0) return GoOnAfter(Libc.LastError);

        Accepted++; // With the listener's own options: the kernel hands TCP_NODELAY, keepalive and timeouts on to what it accepts.
        var peer = default(InetEndpoint);
        if (_isInet) InetEndpoint.TryRead(new ReadOnlySpan<byte>(address, (int)Math.Min(length, UnixAddress.SizeMax)), out peer);
        Hand(new AcceptedSocket(accepted, _isStream, peer));
        return true;
    }

    /// <summary>A bug in how one connection begins must not close the port for all that follow.</summary>
    private void Hand(AcceptedSocket accepted)
    {
        try
        {
            _acceptor.OnAccepted(accepted);
        }
        catch (Exception fault)
        {
            _loop.ReportFault(_acceptor.GetType().Name, fault);
        }
    }

    /// <summary>Whether an error concerns only the one connection that was lost.</summary>
    private bool GoOnAfter(Errno error)
    {
        switch (error)
        {
            case Errno.WouldBlock:
                return false;
            case Errno.TooManyFiles or Errno.TooManyFilesInSystem or Errno.NoBufferSpace or Errno.OutOfMemory:
                _loop.Statistics.CountAcceptPause();
                _pause.Arm(ExhaustedPause);
                return false;
            case Errno.BadDescriptor or Errno.InvalidArgument:
                throw new LinuxException("accept4", error);
            default:
                return true;
        }
    }
}
