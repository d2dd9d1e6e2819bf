namespace Mesh.Linux.Loops;

/// <summary>The thread itself and what one turn does, in order.</summary>
public sealed partial class EventLoop
{
    /// <summary>Turns that posted work gets after the stop, so that awaits can unwind.</summary>
    private const int UnwindTurnsMax = 64;

    private void RunThread()
    {
        s_current = this;
        SynchronizationContext.SetSynchronizationContext(Context);
        try
        {
            while (!_stopping) RunTurn();
            _poller.CloseAll(this);
            for (var i = 0; i < UnwindTurnsMax && HasWork; i++) RunWork();
        }
        catch (Exception e)
        {
            ReportFault("event loop", e); // The loop's own edge: nothing below may let an exception through.
        }
        finally
        {
            _dead = true;
            while (_posted.TryDequeue(out var work)) RunOne(work);
            _poller.Dispose();
            Pipes.Dispose();
            s_current = null;
            _ended.SetResult();
        }
    }

    private bool HasWork => _local.Count > 0 || !_posted.IsEmpty || _turnEnds.Count > 0;

    private void RunTurn()
    {
        var timeout = PrepareToSleep();
        var count = _poller.Wait(timeout);
        if (Interlocked.Exchange(ref _sleeping, 0) == 0 && timeout != 0) Statistics.CountWakeup();
        NowMilliseconds = ReadMilliseconds();
        Statistics.CountTurn(count);

        var carried = _next.Count;
        for (var i = 0; i < count; i++) Deliver(i);
        while (carried-- > 0 && _next.TryDequeue(out var work)) _local.Enqueue(work);
        RunWork();
        RunTimers();
        RunWork();
        RunTurnEnds();
    }

    /// <summary>Announces the sleep before looking at the queue once more, so no post can slip between.</summary>
    private int PrepareToSleep()
    {
        if (_local.Count > 0 || _next.Count > 0 || _turnEnds.Count > 0 || !_posted.IsEmpty || _stopping) return 0;
        Interlocked.Exchange(ref _sleeping, 1);
        if (!_posted.IsEmpty || _stopping)
        {
            Volatile.Write(ref _sleeping, 0);
            return 0;
        }

        var due = Timers.NextDue;
        return due == long.MaxValue ? -1 : (int)Math.Clamp(due - ReadMilliseconds(), 0, int.MaxValue);
    }

    private void Deliver(int index)
    {
        var source = _poller.SourceOf(index, out var ready);
        if (source is null) return; // Removed earlier in this turn.
        try
        {
            source.OnReady(ready);
        }
        catch (Exception e)
        {
            ReportFault(source.GetType().Name, e);
            CloseFaulty(source, e);
        }
    }

    private void CloseFaulty(ILoopSource source, Exception fault)
    {
        try
        {
            source.OnFault(fault);
            (source as IDisposable)?.Dispose();
        }
        catch (Exception e)
        {
            ReportFault($"{source.GetType().Name} while closing", e);
        }
    }

    private void RunWork()
    {
        for (var i = 0; i < WorkPerTurnMax; i++)
        {
            if (!_local.TryDequeue(out var work) && !_posted.TryDequeue(out work)) return;
            RunOne(work);
        }
    }

    private void RunOne(LoopWork work)
    {
        Statistics.CountPosted();
        try
        {
            work.Run();
        }
        catch (Exception e)
        {
            ReportFault(work.Source?.GetType().Name ?? "posted work", e);
            if (work.Source is { } source) CloseFaulty(source, e);
        }
    }

    private void RunTimers()
    {
        if (Timers.NextDue > NowMilliseconds) return;
        for (var left = Timers.Count; left > 0 && Timers.TakeDue(NowMilliseconds) is { } timer; left--)
        {
            Statistics.CountTimer();
            try
            {
                timer.Target.OnTimer(timer);
            }
            catch (Exception e)
            {
                ReportFault(timer.Target.GetType().Name, e);
                if (timer.Target is ILoopSource source) CloseFaulty(source, e);
            }
        }
    }

    private void RunTurnEnds()
    {
        if (_turnEnds.Count == 0) return;
        (_turnEnds, _turnEndsRunning) = (_turnEndsRunning, _turnEnds);
        for (var i = 0; i < _turnEndsRunning.Count; i++)
        {
            var end = _turnEndsRunning[i];
            try
            {
                end.OnTurnEnd();
            }
            catch (Exception e)
            {
                ReportFault(end.GetType().Name, e);
                if (end is ILoopSource source) CloseFaulty(source, e);
            }
        }

        _turnEndsRunning.Clear();
    }
}
