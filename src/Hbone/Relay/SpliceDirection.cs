using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Hbone;

/// <summary>One direction of a socket relay: source, pipe, destination. The pipe is held only while bytes are in it.</summary>
internal sealed class SpliceDirection(LoopSocket source, LoopSocket destination)
{
    private const int BytesPerTurn = 1024 * 1024;

    private SplicePipe? pipe;
    private bool sourceEnded;
    private bool sourceBroken;

    public long Bytes { get; private set; }

    /// <summary>The source ended, and the destination was told.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Which end broke, after an error.</summary>
    public bool FailedAtSource { get; private set; }

    /// <summary>The destination has yet to take what was read.</summary>
    public bool HasPending => pipe is { Pending: > 0 };

    /// <summary>Nothing follows what the source sent so far, and that is no end the destination may take for one.</summary>
    public void NoteSourceBroken()
    {
        sourceBroken = true;
        source.NoteBroken();
    }

    /// <summary>Moves what moves now; true when there is more but others shall have their turn.</summary>
    public bool Pump(out Errno error)
    {
        error = Errno.None;
        var moved = 0L;
        while (!IsDone)
        {
            if (pipe is { Pending: > 0 } full)
            {
                error = full.TryDrain(destination, out var drained);
                Bytes += drained;
                moved += drained;
                if (error == Errno.WouldBlock) return Blocked(out error);
                if (error != Errno.None) return Failed(atSource: false);
                continue;
            }
            if (sourceEnded) return End(out error);
            if (moved >= BytesPerTurn) return true;
            if (!source.IsReadable) return Idle();
            pipe ??= source.Loop.Pipes.TryRent();
            if (pipe is null)
            {
                error = Errno.TooManyFiles;
                return Failed(atSource: true);
            }
            error = pipe.TryFill(source, out var filled);
            if (error == Errno.WouldBlock)
            {
                error = Errno.None;
                return Idle();
            }
            if (error != Errno.None) return Failed(atSource: true);
            if (filled == 0) sourceEnded = true;
        }
        return false;
    }

    public void Release()
    {
        if (pipe is not null) source.Loop.Pipes.Return(pipe);
        pipe = null;
    }

    private bool Idle()
    {
        Release();
        return false;
    }

    private static bool Blocked(out Errno error)
    {
        error = Errno.None;
        return false;
    }

    private bool Failed(bool atSource)
    {
        FailedAtSource = atSource;
        return false;
    }

    private bool End(out Errno error)
    {
        IsDone = true;
        Release();
        error = Errno.None;
        if (sourceBroken) return false;
        error = destination.ShutdownSend();
        if (error == Errno.NotConnected) error = Errno.None; // It went first; its own direction tells how.
        return error != Errno.None && Failed(atSource: false);
    }
}
