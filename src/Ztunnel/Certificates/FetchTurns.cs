namespace Mesh.Ztunnel.Certificates;

/// <summary>
/// Who may ask the CA now: the most urgent first, then the earliest. Some of the places are kept for what connections wait for, so that a
/// slow CA does not make them wait for a whole node's renewals. Any thread.
/// </summary>
internal sealed class FetchTurns
{
    internal const int ParallelMax = 8;
    internal const int KeptForAwaited = 2;
    private readonly Lock _gate = new();
    private readonly LinkedList<FetchTurn>[] _waiting = [new(), new(), new()];
    private int _running;

    /// <summary>Waits for the turn, which is to be ended with <see cref="Leave"/>; throws when told to stop before it came.</summary>
    public async Task WaitAsync(FetchTurn turn, bool isRenewal, CancellationToken stop)
    {
        lock (_gate)
        {
            turn.Come = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            turn.Place = _waiting[(int)(turn.IsAwaited ? FetchUrgency.Awaited : isRenewal ? FetchUrgency.Renewal : FetchUrgency.Missing)].AddLast(turn);
            Grant();
        }

        await using var withdrawn = stop.Register(() => Withdraw(turn));
        await turn.Come.Task;
    }

    /// <summary>A connection waits for this one.</summary>
    public void Hurry(FetchTurn turn)
    {
        lock (_gate)
        {
            turn.IsAwaited = true;
            if (turn.Place is not { } place) return;
            place.List!.Remove(place);
            _waiting[(int)FetchUrgency.Awaited].AddLast(place);
            Grant();
        }
    }

    /// <summary>The fetch is over, however it went.</summary>
    public void Leave(FetchTurn turn)
    {
        lock (_gate)
        {
            turn.IsAwaited = false;
            _running--;
            Grant();
        }
    }

    private void Grant()
    {
        for (var urgency = FetchUrgency.Awaited; urgency <= FetchUrgency.Renewal; urgency++)
        {
            var max = urgency == FetchUrgency.Awaited ? ParallelMax : ParallelMax - KeptForAwaited;
            while (_running < max && _waiting[(int)urgency].First is { } first)
            {
                _waiting[(int)urgency].RemoveFirst();
                first.Value.Place = null;
                _running++;
                first.Value.Come.SetResult();
            }
        }
    }

    private void Withdraw(FetchTurn turn)
    {
        lock (_gate)
        {
            if (turn.Place is not { } place) return; // Its turn came in the same moment.
            place.List!.Remove(place);
            turn.Place = null;
            turn.Come.SetCanceled();
        }
    }
}
