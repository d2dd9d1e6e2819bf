using System.Collections.Concurrent;

namespace Mesh.Linux.Loops;

/// <summary>
/// One thread that waits for readiness and serves everything registered with it. A turn: wait, deliver all readiness, run posted work and
/// due timers, then the ends of turn. Everything here belongs to that thread except the members that say otherwise.
/// </summary>
public sealed partial class EventLoop : IAsyncDisposable
{
    private const int WaitersPooledMax = 256;

    /// <summary>Posted calls run per turn; the rest waits for the next one, so sockets are never starved.</summary>
    private const int WorkPerTurnMax = 4096;

    [ThreadStatic]
    private static EventLoop? s_current;

    private readonly EventLoopOptions _options;
    private readonly LoopPoller _poller = new();
    private readonly ConcurrentQueue<LoopWork> _posted = new();
    private readonly Queue<LoopWork> _local = new();
    private readonly Queue<LoopWork> _next = new();
    private readonly Stack<LoopWaiter> _waiters = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LoopBuffer _receiveScratch;
    private readonly LoopBuffer _sendScratch;
    private List<ILoopTurnEnd> _turnEnds = [];
    private List<ILoopTurnEnd> _turnEndsRunning = [];
    private int _sleeping;
    private volatile bool _stopping;
    private volatile bool _dead;

    private EventLoop(EventLoopOptions options)
    {
        _options = options;
        Context = new LoopSynchronizationContext(this);
        Time = new LoopTimeProvider(this);
        Buffers = new BufferPool(options.BufferBytesMax, options.IdleBufferBytesMax);
        Pipes = new SplicePipePool(options.IdlePipesMax);
        _receiveScratch = new LoopBuffer(options.ScratchBytes, 0);
        _sendScratch = new LoopBuffer(options.ScratchBytes, 0);
    }

    /// <summary>The loop whose thread this is, if any.</summary>
    public static EventLoop? Current => s_current;

    public string Name => _options.Name;

    /// <summary>Any thread.</summary>
    public bool IsCurrent => s_current == this;

    /// <summary>Any thread.</summary>
    public SynchronizationContext Context { get; }

    /// <summary>The real clock, with timers that fire on this loop. Any thread.</summary>
    public TimeProvider Time { get; }

    /// <summary>Any thread.</summary>
    public LoopStatistics Statistics { get; } = new();

    public BufferPool Buffers { get; }

    public SplicePipePool Pipes { get; }

    /// <summary>For one read; whoever runs now may use it, and nothing in it survives the call.</summary>
    public Span<byte> ReceiveScratch => _receiveScratch.Span;

    /// <summary>For building one write; whoever runs now may use it, and nothing in it survives the call.</summary>
    public Span<byte> SendScratch => _sendScratch.Span;

    /// <summary>Posted calls not yet run, about. Any thread.</summary>
    public int Backlog => _posted.Count;

    /// <summary>Completes when the thread has ended. Any thread.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Milliseconds of the monotonic clock at the start of this turn.</summary>
    public long NowMilliseconds { get; private set; }

    internal TimerHeap Timers { get; } = new();

    public static EventLoop Start(EventLoopOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var loop = new EventLoop(options);
        new Thread(loop.RunThread) { IsBackground = true, Name = options.Name }.Start();
        return loop;
    }

    /// <summary>Runs the callback on the loop, in a later step of this turn or in the next. Any thread.</summary>
    public void Post(Action<object?> callback, object? state) => PostRaw(callback, state);

    /// <inheritdoc cref="Post(Action{object?}, object?)"/>
    public void Post(ILoopWork work) => PostRaw(work, state: null);

    /// <summary>Runs it in the next turn, after what is ready then: for who had its share and has more to do. Loop thread only.</summary>
    public void RunNextTurn(ILoopWork work)
    {
        RequireCurrent();
        _next.Enqueue(new LoopWork(work, state: null));
    }

    /// <summary>Starts asynchronous work on the loop and completes with it. Any thread.</summary>
    public Task InvokeAsync(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsCurrent) return work();
        var call = new LoopCall<bool>(
            async () =>
            {
                await work();
                return true;
            });
        Post(call);
        return call.Task;
    }

    /// <inheritdoc cref="InvokeAsync(Func{Task})"/>
    public Task<T> InvokeAsync<T>(Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsCurrent) return work();
        var call = new LoopCall<T>(work);
        Post(call);
        return call.Task;
    }

    /// <summary>Calls once, after everything of this turn was delivered; registering again from inside means the next turn.</summary>
    public void RunAtEndOfTurn(ILoopTurnEnd end)
    {
        RequireCurrent();
        _turnEnds.Add(end);
    }

    /// <summary>Registers a descriptor, edge-triggered for both directions; the first readiness is told even if it is there already.</summary>
    public LoopRegistration Register(SafeFileDescriptor descriptor, ILoopSource source)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        RequireCurrent();
        return _poller.Add(descriptor.Number, source, hearsWritable: true);
    }

    public void Unregister(LoopRegistration registration)
    {
        RequireCurrent();
        _poller.Remove(registration, -1);
    }

    /// <summary>Ends the thread after this turn, disposing every registered source. Any thread.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping)
        {
            _stopping = true;
            Wake();
        }

        if (!IsCurrent) await _ended.Task;
    }

    internal LoopRegistration RegisterRaw(int descriptor, ILoopSource source, bool hearsWritable) => _poller.Add(descriptor, source, hearsWritable);

    internal void HearWritableRaw(LoopRegistration registration, int descriptor) => _poller.HearWritable(registration, descriptor);

    internal void UnregisterRaw(LoopRegistration registration, int descriptor) => _poller.Remove(registration, descriptor);

    internal void PostRaw(object callback, object? state)
    {
        var work = new LoopWork(callback, state);
        if (IsCurrent)
        {
            _local.Enqueue(work);
            return;
        }

        if (_dead)
        {
            // The thread is gone: what still awaits must end somewhere, to run its finally blocks.
            ThreadPool.UnsafeQueueUserWorkItem(static w => w.Run(), work, preferLocal: false);
            return;
        }

        _posted.Enqueue(work);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) == 1) Wake();
    }

    internal LoopWaiter RentWaiter() => _waiters.TryPop(out var waiter) ? waiter : new LoopWaiter(this);

    internal void ReturnWaiter(LoopWaiter waiter)
    {
        if (IsCurrent && _waiters.Count < WaitersPooledMax) _waiters.Push(waiter);
    }

    internal void RequireCurrent()
    {
        if (s_current != this) throw new InvalidOperationException($"Only loop {Name} may do this.");
    }

    internal static long ReadMilliseconds() => (long)(TimeProvider.System.GetTimestamp() * (1000.0 / TimeProvider.System.TimestampFrequency));

    /// <summary>Tells the owner of the loop about a bug that ended one thing on it, and nothing else. Loop thread only.</summary>
    public void ReportFault(string where, Exception fault)
    {
        Statistics.CountFault();
        _options.OnFault(where, fault);
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 1) _poller.Wake();
    }
}
