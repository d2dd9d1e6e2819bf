namespace Mesh.Linux.Loops;

/// <summary>The armed timers of one loop, soonest on top; each knows its place, so cancelling is cheap. Loop thread only.</summary>
internal sealed class TimerHeap
{
    private LoopTimer[] _heap = new LoopTimer[64];

    public int Count { get; private set; }

    public long NextDue => Count == 0 ? long.MaxValue : _heap[0].DueMilliseconds;

    public void Arm(LoopTimer timer, long due)
    {
        if (timer.HeapIndex != LoopTimer.NotQueued)
        {
            var later = due > timer.DueMilliseconds;
            timer.DueMilliseconds = due;
            if (later) SiftDown(timer, timer.HeapIndex);
            else SiftUp(timer, timer.HeapIndex);
            return;
        }

        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
        timer.DueMilliseconds = due;
        SiftUp(timer, Count++);
    }

    public void Cancel(LoopTimer timer)
    {
        var index = timer.HeapIndex;
        if (index == LoopTimer.NotQueued) return;
        timer.HeapIndex = LoopTimer.NotQueued;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (last == timer) return;
        if (index > 0 && last.DueMilliseconds < _heap[(index - 1) / 2].DueMilliseconds) SiftUp(last, index);
        else SiftDown(last, index);
    }

    /// <summary>Takes the soonest timer if it is due.</summary>
    public LoopTimer? TakeDue(long now)
    {
        if (Count == 0 || _heap[0].DueMilliseconds > now) return null;
        var due = _heap[0];
        Cancel(due);
        return due;
    }

    private void SiftUp(LoopTimer timer, int index)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (_heap[parent].DueMilliseconds <= timer.DueMilliseconds) break;
            Place(_heap[parent], index);
            index = parent;
        }

        Place(timer, index);
    }

    private void SiftDown(LoopTimer timer, int index)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _heap[child + 1].DueMilliseconds < _heap[child].DueMilliseconds) child++;
            if (_heap[child].DueMilliseconds >= timer.DueMilliseconds) break;
            Place(_heap[child], index);
            index = child;
        }

        Place(timer, index);
    }

    private void Place(LoopTimer timer, int index)
    {
        _heap[index] = timer;
        timer.HeapIndex = index;
    }
}
