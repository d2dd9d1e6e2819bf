using Mesh.Linux.Loops;

namespace Mesh.Ztunnel.Admin;

/// <summary>
/// Whether every traffic loop still takes its turns: each is asked by a post, and has some time to run it. A loop that does not is asked no
/// second time before it answered, however many want to know. Any thread but the loops'.
/// </summary>
internal sealed class WorkerPulse(IReadOnlyList<EventLoop> loops, TimeSpan patience, TimeProvider time)
{
    public static readonly TimeSpan PatienceDefault = TimeSpan.FromSeconds(2);
    private readonly Beat[] _beats = [.. loops.Select(loop => new Beat(loop, patience, time))];

    /// <summary>The name of a loop that did not answer in time, or has ended; null when all are well.</summary>
    public async Task<string?> FindSilentAsync()
    {
        var answers = await Task.WhenAll(_beats.Select(static beat => beat.AnswersAsync()));
        var silent = Array.IndexOf(answers, false);
        return silent < 0 ? null : loops[silent].Name;
    }

    /// <summary>One loop's question that is not answered yet, if any.</summary>
    private sealed class Beat(EventLoop loop, TimeSpan patience, TimeProvider time) : ILoopWork
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource? _asked;
        private long _askedAt;

        public async Task<bool> AnswersAsync()
        {
            if (loop.Ended.IsCompleted) return false;
            TaskCompletionSource asked;
            TimeSpan left;
            lock (_gate)
            {
                if (_asked is null)
                {
                    (_asked, _askedAt) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), time.GetTimestamp());
                    loop.Post(this);
                }

                (asked, left) = (_asked, patience - time.GetElapsedTime(_askedAt));
            }

            if (left <= TimeSpan.Zero) return asked.Task.IsCompleted;
            try
            {
                await asked.Task.WaitAsync(left, time);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        void ILoopWork.Run()
        {
            lock (_gate)
            {
                _asked?.SetResult();
                _asked = null;
            }
        }
    }
}
