using System.Buffers;

namespace Mesh.Xds.Grpc;

/// <summary>
/// Reads whole gRPC messages from a byte stream into one pooled buffer; for messages of bounded size. The message is valid until
/// the next read. One reader, one stream.
/// </summary>
internal sealed class MessageReader(Stream stream, int messageBytesMax) : IDisposable
{
    /// <summary>A buffer above this goes back to the pool after its message.</summary>
    private const int KeptBytesMax = 64 * 1024;

    private readonly byte[] _prefix = new byte[GrpcPrefix.Size];
    private byte[] _buffer = [];

    public ReadOnlyMemory<byte> Message { get; private set; }

    public async ValueTask<GrpcRead> ReadAsync(CancellationToken stop)
    {
        Message = default;
        if (_buffer.Length > KeptBytesMax) Release();
        var got = await stream.ReadAtLeastAsync(_prefix, _prefix.Length, throwOnEndOfStream: false, stop);
        if (got == 0) return GrpcRead.End;
        if (got < _prefix.Length) return GrpcRead.Malformed;
        var read = GrpcPrefix.Read(_prefix, messageBytesMax, out var size);
        if (read != GrpcRead.Message) return read;
        // Grow with what really arrives: a prefix alone must not make us allocate the maximum.
        var filled = 0;
        while (filled < size)
        {
            EnsureRoom(filled, Math.Min(size, Math.Max(filled * 2, KeptBytesMax)));
            var count = await stream.ReadAsync(_buffer.AsMemory(filled, Math.Min(_buffer.Length, size) - filled), stop);
            if (count == 0) return GrpcRead.Malformed;
            filled += count;
        }
        Message = _buffer.AsMemory(0, size);
        return GrpcRead.Message;
    }

    public void Dispose() => Release();

    private void EnsureRoom(int filled, int size)
    {
        if (_buffer.Length >= size) return;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, filled).CopyTo(larger);
        Release();
        _buffer = larger;
    }

    private void Release()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
