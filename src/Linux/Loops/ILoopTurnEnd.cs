namespace Mesh.Linux.Loops;

/// <summary>Someone who wants to act once after everything of this turn was delivered, such as flushing what was produced.</summary>
public interface ILoopTurnEnd
{
    void OnTurnEnd();
}
