namespace Mesh.Linux.Loops;

/// <summary>What a loop has done since its start; written by its thread only, readable from any.</summary>
public sealed class LoopStatistics
{
    private long _turns;
    private long _wakeups;
    private long _events;
    private long _posted;
    private long _timers;
    private long _faults;
    private long _acceptPauses;

    /// <summary>Times the loop asked the kernel what is ready.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Turns that were started by another thread's post.</summary>
    public long Wakeups => Volatile.Read(ref _wakeups);

    public long Events => Volatile.Read(ref _events);

    public long Posted => Volatile.Read(ref _posted);

    public long Timers => Volatile.Read(ref _timers);

    public long Faults => Volatile.Read(ref _faults);

    /// <summary>Times a listener left its queue alone because descriptors or memory ran out.</summary>
    public long AcceptPauses => Volatile.Read(ref _acceptPauses);

    internal void CountTurn(int events)
    {
        _turns++;
        _events += events;
    }

    internal void CountWakeup() => _wakeups++;

    internal void CountPosted() => _posted++;

    internal void CountTimer() => _timers++;

    internal void CountFault() => _faults++;

    internal void CountAcceptPause() => _acceptPauses++;
}
