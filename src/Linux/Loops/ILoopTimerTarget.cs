namespace Mesh.Linux.Loops;

/// <summary>Who a <see cref="LoopTimer"/> calls when it is due, on the loop's thread.</summary>
public interface ILoopTimerTarget
{
    void OnTimer(LoopTimer timer);
}
