using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Logging;

/// <summary>
/// The program's log: producers format lines into pooled buffers, one thread writes them. The queue is bounded; a slow reader of the
/// output costs lines, which are counted and reported, and never time. Any thread.
/// </summary>
public sealed class Log : ILoggerProvider
{
    /// <summary>Lines that may wait for the writer.</summary>
    public const int MaxQueuedLines = 16 * 1024;

    /// <summary>Bytes that may wait for the writer.</summary>
    public const int MaxQueuedBytes = 8 * 1024 * 1024;

    private const int BatchBytes = 64 * 1024;

    /// <summary>How long the writer lets lines gather once it was woken: a busy program then pays one wake-up and one write for many lines.</summary>
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_flushDeadline = TimeSpan.FromSeconds(2);

    private readonly Stream _to;
    private readonly ConcurrentQueue<(byte[] Buffer, int Length)> _queue = new();
    private readonly ConcurrentDictionary<string, LogScope> _scopes = new(StringComparer.Ordinal);
    private readonly Lock _filterGate = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _writer;
    private LogFilter _filter;
    private int _queuedLines;
    private int _queuedBytes;
    private long _dropped;
    private int _isWriterAsleep;
    private volatile bool _ending;

    public Log(Stream to, LogFormat format, LogFilter filter, TimeProvider time)
    {
        (_to, Format, _filter, FirstFilter, Time) = (to, format, filter, filter, time);
        _writer = new Thread(Write) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Lines lost because the output was too slow or failed.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>What is written; may be replaced at any time.</summary>
    public LogFilter Filter
    {
        get { lock (_filterGate) return _filter; }
        set
        {
            lock (_filterGate)
            {
                _filter = value;
                foreach (var scope in _scopes.Values) scope.Apply(value);
            }
        }
    }

    /// <summary>What was written at the start.</summary>
    public LogFilter FirstFilter { get; }

    internal LogFormat Format { get; }

    /// <summary>The clock of the log's timestamps.</summary>
    public TimeProvider Time { get; }

    /// <summary>The log on standard output as RUST_LOG and LOG_FORMAT describe it; an unreadable filter is reported and replaced.</summary>
    public static Log FromEnvironment(TimeProvider time, string defaultFilter = "info")
    {
        var format = Environment.GetEnvironmentVariable("LOG_FORMAT") is "json" ? LogFormat.Json : LogFormat.Plain;
        // Later directives win, so what the environment leaves unsaid stays as the program wants it.
        var wanted = Environment.GetEnvironmentVariable("RUST_LOG") is { Length: > 0 } text ? $"{defaultFilter},{text}" : defaultFilter;
        var readable = LogFilter.TryParse(wanted, out var filter, out var problem);
        var log = new Log(Console.OpenStandardOutput(), format, filter ?? LogFilter.Information, time);
        if (!readable) log.Scope("log").LogWarning("RUST_LOG is not used: {Problem}", problem);
        return log;
    }

    /// <summary>The scope of that name; the same object for the same name.</summary>
    public LogScope Scope(string name)
    {
        if (_scopes.TryGetValue(name, out var known)) return known;
        lock (_filterGate)
        {
            var scope = new LogScope(this, name);
            scope.Apply(_filter);
            return _scopes.GetOrAdd(name, scope);
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => Scope(categoryName);

    /// <summary>Writes what is queued and ends the writer; a blocked output may hold this up for two seconds.</summary>
    public void Dispose()
    {
        if (_ending) return;
        _ending = true;
        _wake.Set();
        _writer.Join(s_flushDeadline);
    }

    internal void Enqueue(byte[] buffer, int length)
    {
        var lines = Interlocked.Increment(ref _queuedLines);
        var bytes = Interlocked.Add(ref _queuedBytes, length);
        // The writer's own report of lost lines has to fit in the very queue that is full.
        var isReport = Environment.CurrentManagedThreadId == _writer.ManagedThreadId;
        if (isReport || (lines <= MaxQueuedLines && bytes <= MaxQueuedBytes && !_ending))
        {
            _queue.Enqueue((buffer, length));
            WakeWriter();
            return;
        }
        Interlocked.Decrement(ref _queuedLines);
        Interlocked.Add(ref _queuedBytes, -length);
        Interlocked.Increment(ref _dropped);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Write()
    {
        var batch = new byte[BatchBytes];
        long reported = 0, confirmed = 0; // What was told, and what of that reached the output.
        var isFailing = false;
        while (true)
        {
            var ending = _ending;
            var hasLines = !_queue.IsEmpty;
            if (hasLines)
            {
                isFailing = !TryWriteQueued(batch);
                if (isFailing) reported = confirmed;
                else confirmed = reported;
            }

            var dropped = Dropped;
            if (dropped != reported && !isFailing)
            {
                var line = new LogLine(this, LogLevel.Warning, "log", "log lines were dropped: the output is too slow or failed", Time.GetUtcNow());
                line.Number("count", dropped - reported);
                line.End();
                reported = dropped;
                continue;
            }
            if (hasLines && !isFailing) continue;
            if (ending) return;
            Interlocked.Exchange(ref _isWriterAsleep, 1);
            if (_queue.IsEmpty && !_ending) _wake.WaitOne();
            Volatile.Write(ref _isWriterAsleep, 0);
            if (!_ending) _wake.WaitOne(s_gathering); // Only the end cuts it short.
        }
    }

    /// <summary>Costs a system call only when the writer sleeps; whoever comes while lines gather is seen without.</summary>
    private void WakeWriter()
    {
        if (Interlocked.Exchange(ref _isWriterAsleep, 0) == 1) _wake.Set();
    }

    private bool TryWriteQueued(byte[] batch)
    {
        var (used, lines) = (0, 0);
        while (used <= batch.Length - LogLine.MaxBytes && _queue.TryDequeue(out var line))
        {
            Interlocked.Decrement(ref _queuedLines);
            Interlocked.Add(ref _queuedBytes, -line.Length);
            line.Buffer.AsSpan(0, line.Length).CopyTo(batch.AsSpan(used));
            used += line.Length;
            lines++;
            ArrayPool<byte>.Shared.Return(line.Buffer);
        }
        try
        {
            _to.Write(batch, 0, used);
            _to.Flush();
            return true;
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            Interlocked.Add(ref _dropped, lines); // There is no other place to say so; it is told when the output works again.
            return false;
        }
    }
}
