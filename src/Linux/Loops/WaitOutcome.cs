namespace Mesh.Linux.Loops;

/// <summary>How waiting for a socket ended.</summary>
public enum WaitOutcome
{
    Ready,
    TimedOut,

    /// <summary>The socket was disposed meanwhile.</summary>
    Closed,
}
