using Mesh.Linux.Interop;

namespace Mesh.Linux.Loops;

/// <summary>A kernel pipe that carries bytes from one socket to another without copying them here. One direction of one relay owns it.</summary>
public sealed unsafe class SplicePipe : IDisposable
{
    public const int CapacityBytes = 256 * 1024;

    private int _read;
    private int _write;

    private SplicePipe(int read, int write) => (_read, _write) = (read, write);

    /// <summary>Bytes taken from the source that the destination has not yet taken.</summary>
    public int Pending { get; private set; }

    /// <summary>Moves bytes from a socket into the empty pipe; zero with <see cref="Errno.None"/> is the end of the peer's bytes.</summary>
    public Errno TryFill(LoopSocket from, out int moved)
    {
        ArgumentNullException.ThrowIfNull(from);
        moved = 0;
        if (Pending > 0) throw new InvalidOperationException("Drain first: with bytes in the pipe, 'would block' would have two meanings.");
        if (!from.IsReadable) return Errno.WouldBlock;
        while (true)
        {
            var count = Libc.splice(from.Descriptor, null, _write, null, CapacityBytes, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
            if (count >= 0)
            {
                moved = Pending = (int)count;
                return Errno.None;
            }

            var error = Libc.LastError;
            if (error == Errno.Interrupted) continue;
            if (error == Errno.WouldBlock) from.NoteNotReadable();
            return error;
        }
    }

    /// <summary>Moves bytes on to a socket; what it does not take stays pending.</summary>
    public Errno TryDrain(LoopSocket to, out int moved)
    {
        ArgumentNullException.ThrowIfNull(to);
        moved = 0;
        if (Pending == 0) return Errno.None;
        if (!to.IsWritable) return Errno.WouldBlock;
        while (true)
        {
            var count = Libc.splice(_read, null, to.Descriptor, null, (nuint)Pending, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
            if (count >= 0)
            {
                moved = (int)count;
                Pending -= moved;
                return Errno.None;
            }

            var error = Libc.LastError;
            if (error == Errno.Interrupted) continue;
            if (error == Errno.WouldBlock) to.NoteNotWritable();
            return error;
        }
    }

    public void Dispose()
    {
        if (_read < 0) return;
        _ = Libc.close(_read);
        _ = Libc.close(_write);
        _read = _write = -1;
    }

    internal static SplicePipe? TryCreate()
    {
        var pair = stackalloc int[2];
        if (Libc.pipe2(pair, Libc.O_NONBLOCK | Libc.O_CLOEXEC) != 0) return null;
        // Unprivileged processes may be held to less; the pipe then stays at its default size and still works.
        _ = Libc.fcntl(pair[1], Libc.F_SETPIPE_SZ, CapacityBytes);
        return new SplicePipe(pair[0], pair[1]);
    }
}
