namespace Mesh.Linux.Loops;

/// <summary>Someone the loop tells about readiness; always called on the loop's thread.</summary>
public interface ILoopSource
{
    /// <summary>An edge: go on until the kernel says it would block, for the loop will not repeat itself.</summary>
    void OnReady(ReadyEvents ready);

    /// <summary>Our own bug surfaced in <see cref="OnReady"/>; the loop has logged it and is about to close the source.</summary>
    void OnFault(Exception fault)
    {
    }
}
