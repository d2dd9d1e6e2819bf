using System.Buffers;

namespace Mesh.Http2;

/// <summary>Collects a piece that arrived in fragments; memory is rented while it holds any. The caller keeps the bound.</summary>
internal struct ByteStash
{
    private byte[]? buffer;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (buffer is null || buffer.Length - Length < bytes.Length)
        {
            var bigger = ArrayPool<byte>.Shared.Rent(Length + bytes.Length);
            Bytes.CopyTo(bigger);
            if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
            buffer = bigger;
        }

        bytes.CopyTo(buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Release()
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
        Length = 0;
    }
}
