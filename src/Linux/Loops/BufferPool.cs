namespace Mesh.Linux.Loops;

/// <summary>Pinned buffers of four sizes for what a connection cannot hand on at once. Owned by one loop and used on its thread only.</summary>
public sealed class BufferPool(long bytesMax, long idleBytesMax)
{
    private static readonly int[] Sizes = [2 * 1024, 16 * 1024, 64 * 1024, 256 * 1024];
    private readonly Stack<LoopBuffer>[] _idle = [new(), new(), new(), new()];
    private long _lentBytes;
    private long _idleBytes;

    public const int LargestBytes = 256 * 1024;

    /// <summary>Bytes now lent; readable from any thread.</summary>
    public long LentBytes => Volatile.Read(ref _lentBytes);

    /// <summary>Bytes kept for reuse; readable from any thread.</summary>
    public long IdleBytes => Volatile.Read(ref _idleBytes);

    /// <summary>Lends a buffer of at least this size; null when the pool is at its bound or no buffer is that large.</summary>
    public LoopBuffer? TryRent(int bytesMin)
    {
        for (var i = 0; i < Sizes.Length; i++)
        {
            if (Sizes[i] < bytesMin) continue;
            if (_lentBytes + Sizes[i] > bytesMax) return null;
            if (_idle[i].TryPop(out var buffer)) _idleBytes -= Sizes[i];
            else buffer = new LoopBuffer(Sizes[i], i);
            buffer.IsLent = true;
            _lentBytes += Sizes[i];
            return buffer;
        }

        return null;
    }

    public void Return(LoopBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!buffer.IsLent) throw new InvalidOperationException("A buffer was returned twice.");
        buffer.IsLent = false;
        _lentBytes -= buffer.Length;
        if (_idleBytes + buffer.Length > idleBytesMax) return;
        _idleBytes += buffer.Length;
        _idle[buffer.SizeClass].Push(buffer);
    }
}
