namespace Mesh.Linux.Loops;

/// <summary>A pinned buffer lent by a <see cref="BufferPool"/> to one owner, who returns it exactly once.</summary>
public sealed class LoopBuffer
{
    private readonly byte[] _bytes;

    internal LoopBuffer(int size, int sizeClass)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        SizeClass = sizeClass;
    }

    public Span<byte> Span => _bytes;

    public Memory<byte> Memory => _bytes;

    public int Length => _bytes.Length;

    internal int SizeClass { get; }

    internal bool IsLent { get; set; }
}
