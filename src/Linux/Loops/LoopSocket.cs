using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>
/// A non-blocking socket of one loop, used on its thread only. It remembers readiness: after the kernel said it would block, tries answer
/// <see cref="Errno.WouldBlock"/> without a system call until the next edge. Edges of writing are asked for when the first write had to
/// wait: most connections never get there, and each would begin with an edge that tells nothing. Owns its descriptor.
/// </summary>
public sealed partial class LoopSocket : ILoopSource, IDisposable
{
    private const ReadyEvents ReadEdges = ReadyEvents.Readable | ReadyEvents.PeerDone | ReadyEvents.Error | ReadyEvents.HangUp;
    private const ReadyEvents WriteEdges = ReadyEvents.Writable | ReadyEvents.Error | ReadyEvents.HangUp;

    private readonly LoopRegistration _registration;
    private readonly bool _isStream;
    private LoopWaiter? _readWaiter;
    private LoopWaiter? _writeWaiter;
    private int _descriptor;
    private short _readWait;
    private short _writeWait;
    private bool _hearsWritable;

    private LoopSocket(EventLoop loop, int descriptor, bool isStream, bool isConnecting)
    {
        Loop = loop;
        _descriptor = descriptor;
        _isStream = isStream;
        _hearsWritable = isConnecting;
        _registration = loop.RegisterRaw(descriptor, this, _hearsWritable);
    }

    public EventLoop Loop { get; }

    /// <summary>Who hears of edges; set by relay code. Earlier edges are remembered in <see cref="IsReadable"/> and <see cref="IsWritable"/>.</summary>
    public ILoopSource? Sink { get; set; }

    /// <summary>A read may succeed; false only after the kernel said it would block.</summary>
    public bool IsReadable { get; private set; } = true;

    /// <summary>A write may succeed; false only after the kernel said it would block.</summary>
    public bool IsWritable { get; private set; } = true;

    /// <summary>The peer finished sending, or the connection broke; bytes may still be waiting.</summary>
    public bool IsPeerDone { get; private set; }

    public bool IsDisposed => _descriptor < 0;

    public InetEndpoint LocalAddress => SocketCalls.LocalOf(_descriptor);

    public InetEndpoint PeerAddress => SocketCalls.PeerOf(_descriptor);

    internal int Descriptor => _descriptor;

    /// <summary>Takes over a descriptor of a connected non-blocking socket, such as one handed over by another process.</summary>
    public static LoopSocket Adopt(EventLoop loop, SafeFileDescriptor descriptor, bool isStream = true)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(descriptor);
        loop.RequireCurrent();
        return Take(loop, descriptor.Release(), isStream);
    }

    /// <summary>Whether a read would bring something, be it the end, without reading it.</summary>
    public unsafe bool HasBytes()
    {
        if (!IsReadable) return false;
        byte first;
        nint count;
        while ((count = Libc.recv(_descriptor, &first, 1, Libc.MSG_DONTWAIT | Libc.MSG_PEEK)) < 0)
        {
            if (NoteReadError(Libc.LastError) is var error && error != Errno.Interrupted) return error != Errno.WouldBlock;
        }

        return true;
    }

    /// <summary>Reads what is there; zero bytes with <see cref="Errno.None"/> is the end of the peer's bytes.</summary>
    public unsafe Errno TryReceive(Span<byte> destination, out int received)
    {
        received = 0;
        if (!IsReadable) return Errno.WouldBlock;
        fixed (byte* at = destination)
        {
            while (true)
            {
                var count = Libc.recv(_descriptor, at, (nuint)destination.Length, Libc.MSG_DONTWAIT);
                if (count >= 0)
                {
                    received = (int)count;
                    NoteReceived(received, destination.Length);
                    return Errno.None;
                }

                if (NoteReadError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }
        }
    }

    /// <summary>Writes what fits; fewer bytes than given means the rest must wait for <see cref="IsWritable"/>.</summary>
    public unsafe Errno TrySend(ReadOnlySpan<byte> source, out int sent)
    {
        sent = 0;
        if (!IsWritable) return Errno.WouldBlock;
        fixed (byte* at = source)
        {
            while (true)
            {
                var count = Libc.send(_descriptor, at, (nuint)source.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                if (count >= 0)
                {
                    sent = (int)count;
                    if (sent < source.Length) NoteNotWritable();
                    return Errno.None;
                }

                if (NoteWriteError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }
        }
    }

    /// <summary>Reads into several pieces, in order. The list is left as it is.</summary>
    public unsafe Errno TryReceiveVector(ref IoSliceList slices, out int received)
    {
        received = 0;
        if (!IsReadable) return Errno.WouldBlock;
        var pending = slices.Pending;
        fixed (IoSlice* first = pending)
        {
            var message = new MessageHeader { Slices = first, SliceCount = (nuint)pending.Length };
            while (true)
            {
                var count = Libc.recvmsg(_descriptor, &message, Libc.MSG_DONTWAIT);
                if (count >= 0)
                {
                    received = (int)count;
                    NoteReceived(received, slices.Bytes);
                    return Errno.None;
                }

                if (NoteReadError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }
        }
    }

    /// <summary>
    /// Writes several pieces in one call and drops from the list what was taken. When <paramref name="moreFollows"/> at once, or the end of
    /// all, the kernel waits for it with a last segment that is not full.
    /// </summary>
    public unsafe Errno TrySendVector(ref IoSliceList slices, out int sent, bool moreFollows = false)
    {
        sent = 0;
        if (!IsWritable) return Errno.WouldBlock;
        var pending = slices.Pending;
        var flags = Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL | (moreFollows ? Libc.MSG_MORE : 0);
        fixed (IoSlice* first = pending)
        {
            var message = new MessageHeader { Slices = first, SliceCount = (nuint)pending.Length };
            while (true)
            {
                var count = Libc.sendmsg(_descriptor, &message, flags);
                if (count >= 0)
                {
                    sent = (int)count;
                    if (sent < slices.Bytes) NoteNotWritable();
                    slices.Advance(sent);
                    return Errno.None;
                }

                if (NoteWriteError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }
        }
    }

    /// <summary>Completes when a read may succeed; at once if one may already. One wait per direction at a time.</summary>
    public ValueTask<WaitOutcome> ReadableAsync(TimeSpan timeout = default)
    {
        if (IsDisposed) return new ValueTask<WaitOutcome>(WaitOutcome.Closed);
        return IsReadable ? new ValueTask<WaitOutcome>(WaitOutcome.Ready) : Wait(ref _readWaiter, ref _readWait, timeout);
    }

    /// <summary>Completes when a write may succeed; at once if one may already. One wait per direction at a time.</summary>
    public ValueTask<WaitOutcome> WritableAsync(TimeSpan timeout = default)
    {
        if (IsDisposed) return new ValueTask<WaitOutcome>(WaitOutcome.Closed);
        return IsWritable ? new ValueTask<WaitOutcome>(WaitOutcome.Ready) : Wait(ref _writeWaiter, ref _writeWait, timeout);
    }

    /// <summary>Tells the peer that no more bytes will come; reading goes on.</summary>
    public Errno ShutdownSend() => Libc.shutdown(_descriptor, Libc.SHUT_WR) == 0 ? Errno.None : Libc.LastError;

    /// <summary>Closes with a reset, so the peer learns that bytes were lost.</summary>
    public unsafe void Reset()
    {
        if (IsDisposed) return;
        var abort = stackalloc int[2] { 1, 0 }; // struct linger: on, zero seconds.
        _ = Libc.setsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_LINGER, abort, 8);
        Dispose();
    }

    public Errno SetKeepAlive(KeepAlive keepAlive) => SocketCalls.SetKeepAlive(_descriptor, keepAlive);

    public Errno SetNoDelay() => SocketCalls.Set(_descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);

    /// <summary>The peer turned out to be on this machine: <see cref="SocketOptions.StaysOnMachine"/>.</summary>
    public void StaysOnMachine() => SocketCalls.SetReno(_descriptor);

    /// <summary>The address the client dialled, before any redirection; NotFound when the kernel tracks no such flow.</summary>
    public Errno TryGetOriginalDestination(out InetEndpoint dialled) => SocketCalls.OriginalDestinationOf(_descriptor, out dialled);

    /// <summary>Who is at the other end of a UNIX socket.</summary>
    public Errno TryGetPeerCredentials(out PeerCredentials credentials) => SocketCalls.PeerCredentialsOf(_descriptor, out credentials);

    /// <summary>A second descriptor for handing this connection to another process.</summary>
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

    /// <summary>Gives the descriptor away without closing it; this object is disposed afterwards.</summary>
    public SafeFileDescriptor Detach()
    {
        var descriptor = new SafeFileDescriptor(_descriptor);
        Loop.UnregisterRaw(_registration, _descriptor);
        Finish();
        return descriptor;
    }

    public void Dispose()
    {
        if (IsDisposed) return;
        Loop.UnregisterRaw(_registration, -1);
        _ = Libc.close(_descriptor);
        Finish();
    }

    void ILoopSource.OnReady(ReadyEvents ready)
    {
        if ((ready & (ReadyEvents.PeerDone | ReadyEvents.Error | ReadyEvents.HangUp)) != ReadyEvents.None) IsPeerDone = true;
        if ((ready & ReadEdges) != ReadyEvents.None)
        {
            IsReadable = true;
            if (_readWaiter is { } reader) Complete(ref _readWaiter, reader, _readWait, WaitOutcome.Ready);
        }

        if ((ready & WriteEdges) != ReadyEvents.None)
        {
            IsWritable = true;
            if (_writeWaiter is { } writer) Complete(ref _writeWaiter, writer, _writeWait, WaitOutcome.Ready);
        }

        Sink?.OnReady(ready);
    }

    void ILoopSource.OnFault(Exception fault) => Sink?.OnFault(fault);

    internal static LoopSocket Take(EventLoop loop, int descriptor, bool isStream, bool isConnecting = false)
    {
        try
        {
            return new LoopSocket(loop, descriptor, isStream, isConnecting);
        }
        catch (LinuxException)
        {
            _ = Libc.close(descriptor); // The registration failed, and nobody else knows this number.
            throw;
        }
    }

    /// <summary>A write found the connection broken: what the peer sent before that is there to read, and nothing follows it.</summary>
    public void NoteBroken() => IsReadable = IsPeerDone = true;

    internal void NoteNotReadable() => IsReadable = false;

    internal void NoteNotWritable()
    {
        IsWritable = false;
        if (_hearsWritable) return;
        _hearsWritable = true;
        Loop.HearWritableRaw(_registration, _descriptor);
    }

    private static void Complete(ref LoopWaiter? slot, LoopWaiter waiter, short version, WaitOutcome outcome)
    {
        slot = null;
        waiter.Complete(version, outcome);
    }

    private ValueTask<WaitOutcome> Wait(ref LoopWaiter? slot, ref short version, TimeSpan timeout)
    {
        Loop.RequireCurrent();
        if (slot is { } pending && pending.IsPending(version)) throw new InvalidOperationException("Somebody waits for this socket already.");
        var waiter = Loop.RentWaiter();
        slot = waiter;
        version = waiter.Version;
        return waiter.Begin(timeout);
    }

    private void NoteReceived(int received, long asked)
    {
        // A short read of a stream drained it: the next byte makes the next edge. Not so once the end is known to be near.
        if (_isStream && received < asked && !IsPeerDone) IsReadable = false;
    }

    private Errno NoteReadError(Errno error)
    {
        if (error == Errno.WouldBlock) IsReadable = false;
        return error;
    }

    private Errno NoteWriteError(Errno error)
    {
        if (error == Errno.WouldBlock) NoteNotWritable();
        return error;
    }

    private void Finish()
    {
        _descriptor = -1;
        IsReadable = true; // Tries now go to the kernel and come back as BadDescriptor.
        IsWritable = true;
        if (_readWaiter is { } reader) Complete(ref _readWaiter, reader, _readWait, WaitOutcome.Closed);
        if (_writeWaiter is { } writer) Complete(ref _writeWaiter, writer, _writeWait, WaitOutcome.Closed);
    }
}
