using System.Threading.Tasks.Sources;

namespace Mesh.Linux.Loops;

/// <summary>One pending await of a loop, reused from the loop's pool; the continuation always runs on the loop.</summary>
internal sealed class LoopWaiter : IValueTaskSource<WaitOutcome>, ILoopTimerTarget
{
    private readonly EventLoop _loop;
    private readonly LoopTimer _timer;
    private Action<object?>? _continuation;
    private object? _state;
    private WaitOutcome _outcome;
    private bool _done;
    private short _version;

    public LoopWaiter(EventLoop loop)
    {
        _loop = loop;
        _timer = new LoopTimer(loop, this);
    }

    /// <summary>Names the wait that is now pending, so that nobody completes a later one.</summary>
    public short Version => _version;

    /// <summary>Begins a wait; an infinite or zero timeout arms no timer.</summary>
    public ValueTask<WaitOutcome> Begin(TimeSpan timeout)
    {
        _done = false;
        if (timeout > TimeSpan.Zero) _timer.Arm(timeout);
        return new ValueTask<WaitOutcome>(this, _version);
    }

    /// <summary>Ends the named wait; a wait that is over stays as it is.</summary>
    public void Complete(short version, WaitOutcome outcome)
    {
        if (_done || version != _version) return;
        _done = true;
        _outcome = outcome;
        _timer.Cancel();
        if (_continuation is { } continuation) _loop.PostRaw(continuation, _state);
    }

    public bool IsPending(short version) => version == _version && !_done;

    public void OnTimer(LoopTimer timer) => Complete(_version, WaitOutcome.TimedOut);

    public WaitOutcome GetResult(short token)
    {
        if (token != _version || !_done) throw new InvalidOperationException("A wait was awaited twice or read early.");
        _version++;
        _continuation = null;
        _state = null;
        _loop.ReturnWaiter(this);
        return _outcome;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _done ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_done)
        {
            _loop.PostRaw(continuation, state);
            return;
        }

        _state = state;
        _continuation = continuation;
    }
}
