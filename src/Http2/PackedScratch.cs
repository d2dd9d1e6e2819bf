using System.Buffers;

namespace Mesh.Http2;

/// <summary>Rented memory for one header list while it is put together.</summary>
internal readonly ref struct PackedScratch(int size) : IDisposable
{
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
    private readonly int size = size;

    public Span<byte> Bytes => buffer.AsSpan(0, size);

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}
