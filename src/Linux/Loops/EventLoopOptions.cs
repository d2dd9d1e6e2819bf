namespace Mesh.Linux.Loops;

/// <summary>Knobs of one loop.</summary>
public sealed record EventLoopOptions
{
    public required string Name { get; init; }

    /// <summary>Called once per exception that escaped a source or posted work, on the loop's thread: log it.</summary>
    public required Action<string, Exception> OnFault { get; init; }

    /// <summary>Size of the receive and of the send scratch buffer.</summary>
    public int ScratchBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes that pooled buffers may take in all, lent or idle.</summary>
    public long BufferBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>Bytes of idle pooled buffers kept for reuse.</summary>
    public long IdleBufferBytesMax { get; init; } = 2L * 1024 * 1024;

    /// <summary>Empty splice pipes kept for reuse.</summary>
    public int IdlePipesMax { get; init; } = 64;
}
