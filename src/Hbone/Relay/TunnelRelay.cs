using System.Threading.Tasks.Sources;
using Mesh.Http2;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>
/// Moves bytes between an application's socket and a tunnel's stream until both directions ended. Owns both from <see cref="RunAsync"/>
/// on; their loop's thread only. Callbacks, no state machine: an idle relay holds no buffer.
/// </summary>
public sealed class TunnelRelay(LoopSocket application, TunnelStream stream) : ILoopSource, IValueTaskSource<RelayResult>
{
    private ManualResetValueTaskSourceCore<RelayResult> completion;
    private bool finished;
    private bool applicationTold;
    private Errno broken;
    private LastWord? lastWord;

    /// <summary>Live counters, this loop's thread only.</summary>
    public long BytesFromApplication { get; private set; }
    public long BytesToApplication { get; private set; }

    internal LoopSocket Application => application;

    /// <summary>The application ended its direction and the peer was told.</summary>
    internal bool HasApplicationEnded { get; private set; }

    /// <summary>Begins; bytes given here reach the application before any of the peer's. Once.</summary>
    public ValueTask<RelayResult> RunAsync(ReadOnlyMemory<byte> firstToApplication = default)
    {
        application.Sink = this;
        stream.Attach(this);
        if (!firstToApplication.IsEmpty && !stream.TryPrepend(firstToApplication.Span)) Finish(RelayEnd.OutOfBuffers, Errno.None);
        else stream.Settle();
        if (!finished && application.IsReadable) stream.Queue();
        return new ValueTask<RelayResult>(this, completion.Version);
    }

    /// <summary>Ends both sides now, for a reason of ours.</summary>
    public void Cut(RelayEnd reason) => Finish(reason, Errno.None);

    void ILoopSource.OnReady(ReadyEvents ready)
    {
        if (finished) return;
        if ((ready & ReadyEvents.Error) != ReadyEvents.None)
        {
            OnApplicationBroke(Errno.ConnectionReset);
            return;
        }
        if (application.IsWritable && stream.PendingBytes > 0) stream.Settle();
        if (!finished && !HasApplicationEnded && application.IsReadable) stream.Queue();
    }

    void ILoopSource.OnFault(Exception fault) => Finish(RelayEnd.Fault, Errno.None);

    /// <summary>
    /// Once the peer has ended in peace, <see cref="OnStreamProgress"/> follows and tells the application: its last bytes carry the FIN. A
    /// stream that is gone ends by a close, which may be a reset and would lose what the kernel holds back.
    /// </summary>
    internal Errno WriteApplication(ref IoSliceList slices, out int sent)
    {
        if (!IsBroken) return application.TrySendVector(ref slices, out sent, moreFollows: stream is { PeerEnded: true, IsGone: false });
        sent = (int)slices.Bytes; // Dropped: it must not hold up its peer's other streams.
        slices.Advance(sent);
        return Errno.None;
    }

    /// <summary>Has the kernel ask the application's side, when it is silent, whether it is still there.</summary>
    public Errno SetKeepAlive(KeepAlive keepAlive) => finished ? Errno.None : application.SetKeepAlive(keepAlive);

    internal void CountToApplication(int bytes)
    {
        if (!IsBroken) BytesToApplication += bytes;
    }

    internal void CountFromApplication(int bytes) => BytesFromApplication += bytes;

    /// <summary>The application takes no more, but what it sent before may still stand in the kernel: an answer to half a request.</summary>
    internal bool IsBroken => broken != Errno.None;

    /// <summary>A write failed, or the kernel told of an error: what the application sent before goes to the peer, then the reset.</summary>
    internal void OnApplicationBroke(Errno error)
    {
        if (finished || IsBroken) return;
        if (HasApplicationEnded || stream.IsGone || error is not (Errno.ConnectionReset or Errno.BrokenPipe or Errno.TimedOut))
        {
            OnApplicationFailed(error);
            return;
        }
        broken = error;
        application.NoteBroken();
        stream.DrainPending();
        lastWord = new LastWord(application.Loop, () => BytesFromApplication, () => OnApplicationFailed(broken));
        stream.Queue();
    }

    /// <summary>Nothing more can be read.</summary>
    internal void OnApplicationFailed(Errno error)
    {
        var why = IsBroken ? broken : error;
        Finish(why is Errno.ConnectionReset or Errno.BrokenPipe ? RelayEnd.FirstReset : RelayEnd.FirstFailed, why);
    }

    /// <summary>The end of the application's bytes is on its way to the peer.</summary>
    internal void OnApplicationEnded()
    {
        HasApplicationEnded = true;
        OnStreamProgress();
    }

    /// <summary>The stream delivered something or ended: see what follows for the application.</summary>
    internal void OnStreamProgress()
    {
        if (finished || stream.PendingBytes > 0) return;
        if (stream.IsGone)
        {
            Finish(stream.GoneBecause, Errno.None);
            return;
        }
        if (IsBroken) return;
        if (!stream.PeerEnded || stream.FirstSlice >= 0) return; // What was just read and not delivered yet goes first.
        if (HasApplicationEnded)
        {
            Finish(RelayEnd.Closed, Errno.None);
            return;
        }
        if (applicationTold) return;
        applicationTold = true;
        var error = application.ShutdownSend();
        if (error is not (Errno.None or Errno.NotConnected)) OnApplicationBroke(error);
    }

    private void Finish(RelayEnd end, Errno error)
    {
        if (finished) return;
        finished = true;
        lastWord?.Cancel();
        application.Sink = null;
        if (end == RelayEnd.Closed) application.Dispose();
        else application.Reset(); // RFC 9113, 8.5: bytes may be lost, and TCP has a word for that.
        if (!stream.IsGone && end != RelayEnd.Closed) stream.ResetStream(CodeFor(end));
        stream.Close();
        completion.SetResult(new RelayResult(BytesFromApplication, BytesToApplication, end, error, stream.Status));
    }

    /// <summary>RFC 9113, 8.5: a failed TCP connection is CONNECT_ERROR; what we decided ourselves is a cancelled stream.</summary>
    private static ErrorCode CodeFor(RelayEnd end) =>
        end is RelayEnd.FirstReset or RelayEnd.FirstFailed ? ErrorCode.ConnectError : ErrorCode.Cancel;

    RelayResult IValueTaskSource<RelayResult>.GetResult(short token) => completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<RelayResult>.GetStatus(short token) => completion.GetStatus(token);

    void IValueTaskSource<RelayResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        completion.OnCompleted(continuation, state, token, flags);
}
