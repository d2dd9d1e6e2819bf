using System.Threading.Tasks.Sources;
using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Hbone;

/// <summary>
/// Moves bytes between two sockets through kernel pipes, without copying them here, until both directions ended. Owns both sockets from
/// <see cref="RunAsync"/> on; their loop's thread only. An idle relay holds no pipe.
/// </summary>
public sealed class SocketRelay(LoopSocket client, LoopSocket server) : ILoopSource, ILoopWork, IValueTaskSource<RelayResult>
{
    private readonly SpliceDirection forth = new(client, server);
    private readonly SpliceDirection back = new(server, client);
    private ManualResetValueTaskSourceCore<RelayResult> completion;
    private SpliceDirection? broken;
    private Errno brokenBy;
    private LastWord? lastWord;
    private bool finished;
    private bool posted;

    public long BytesFromClient => forth.Bytes;
    public long BytesFromServer => back.Bytes;

    /// <summary>Begins. Once.</summary>
    public ValueTask<RelayResult> RunAsync()
    {
        client.Sink = server.Sink = this;
        Pump();
        return new ValueTask<RelayResult>(this, completion.Version);
    }

    /// <summary>Ends both sides now, for a reason of ours.</summary>
    public void Cut(RelayEnd reason) => Finish(reason, Errno.None);

    /// <summary>Either socket's edges; both directions are looked at, for one edge often unblocks the other.</summary>
    void ILoopSource.OnReady(ReadyEvents ready)
    {
        if (!finished && !posted) Pump();
    }

    void ILoopSource.OnFault(Exception fault) => Finish(RelayEnd.Fault, Errno.None);

    void ILoopWork.Run()
    {
        posted = false;
        if (!finished) Pump();
    }

    private void Pump()
    {
        var more = Pump(forth, back);
        if (!finished) more |= Pump(back, forth);
        if (finished) return;
        if (forth.IsDone && back.IsDone) Finish(RelayEnd.Closed, Errno.None);
        else if (more && !posted)
        {
            posted = true; // More than its share this turn: the loop's others go first.
            client.Loop.RunNextTurn(this);
        }
    }

    /// <summary>True when there is more but others shall have their turn.</summary>
    private bool Pump(SpliceDirection direction, SpliceDirection other)
    {
        if (ReferenceEquals(direction, broken)) return false;
        var more = direction.Pump(out var error);
        if (error != Errno.None)
        {
            if (broken is not null || direction.FailedAtSource || other.IsDone)
            {
                Fail(broken ?? direction, broken is null ? error : brokenBy);
                return false;
            }
            Break(direction, other, error);
            return true;
        }
        if (broken is not null && (direction.IsDone || !more && !direction.HasPending)) Fail(broken, brokenBy);
        return more;
    }

    /// <summary>Whoever takes no more may have answered before it broke: that goes first.</summary>
    private void Break(SpliceDirection direction, SpliceDirection other, Errno error)
    {
        (broken, brokenBy) = (direction, error);
        direction.Release();
        other.NoteSourceBroken();
        lastWord = new LastWord(client.Loop, () => other.Bytes, () => Fail(direction, error));
    }

    private void Fail(SpliceDirection direction, Errno error)
    {
        var atClient = direction.FailedAtSource == ReferenceEquals(direction, forth);
        var reset = error is Errno.ConnectionReset or Errno.BrokenPipe;
        Finish((atClient, reset) switch
        {
            (true, true) => RelayEnd.FirstReset,
            (true, false) => RelayEnd.FirstFailed,
            (false, true) => RelayEnd.SecondReset,
            (false, false) => RelayEnd.SecondFailed,
        }, error);
    }

    private void Finish(RelayEnd end, Errno error)
    {
        if (finished) return;
        finished = true;
        lastWord?.Cancel();
        client.Sink = null;
        server.Sink = null;
        forth.Release();
        back.Release();
        if (end == RelayEnd.Closed)
        {
            client.Dispose();
            server.Dispose();
        }
        else
        {
            client.Reset();
            server.Reset();
        }
        completion.SetResult(new RelayResult(forth.Bytes, back.Bytes, end, error, 0));
    }

    RelayResult IValueTaskSource<RelayResult>.GetResult(short token) => completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<RelayResult>.GetStatus(short token) => completion.GetStatus(token);

    void IValueTaskSource<RelayResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        completion.OnCompleted(continuation, state, token, flags);
}
