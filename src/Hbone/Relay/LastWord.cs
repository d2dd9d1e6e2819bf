using Mesh.Linux.Loops;

namespace Mesh.Hbone;

/// <summary>
/// The time that is left to a relay one of whose ends broke: what that end said before is passed on for as long as the other takes some of
/// it every ten seconds. Begins when it is made, on the loop's thread.
/// </summary>
internal sealed class LastWord : ILoopTimerTarget
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(10);
    private readonly LoopTimer timer;
    private readonly Func<long> heard;
    private readonly Action giveUp;
    private long before;

    /// <param name="loop">The relay's.</param>
    /// <param name="heard">Bytes passed on so far.</param>
    /// <param name="giveUp">Called once, when none were for a step.</param>
    public LastWord(EventLoop loop, Func<long> heard, Action giveUp)
    {
        (this.heard, this.giveUp, before) = (heard, giveUp, heard());
        timer = new LoopTimer(loop, this);
        timer.Arm(Step);
    }

    public void Cancel() => timer.Cancel();

    void ILoopTimerTarget.OnTimer(LoopTimer due)
    {
        var now = heard();
        if (now == before)
        {
            giveUp();
            return;
        }
        before = now;
        timer.Arm(Step);
    }
}
