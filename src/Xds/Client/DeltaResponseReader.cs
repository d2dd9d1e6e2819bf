using System.Buffers;
using Mesh.Xds.Grpc;
using Mesh.Xds.Wire;

namespace Mesh.Xds.Client;

/// <summary>
/// Reads DeltaDiscoveryResponse messages field by field while they arrive, so that the first push of a large mesh never stands in
/// memory as a whole: what is buffered is one field. One reader per stream.
/// </summary>
internal sealed class DeltaResponseReader(Stream stream, int messageBytesMax) : IDisposable
{
    /// <summary>Largest field (one resource, one name) we accept.</summary>
    private const int FieldBytesMax = 16 * 1024 * 1024;
    private const int InitialBytes = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _start;
    private int _end;
    private int _left;

    /// <summary>Moves to the next response; Message when there is one.</summary>
    public async ValueTask<GrpcRead> NextMessageAsync(CancellationToken stop)
    {
        var room = await FillAsync(GrpcPrefix.Size, stop);
        if (!room) return _end == _start ? GrpcRead.End : GrpcRead.Malformed;
        var read = GrpcPrefix.Read(_buffer.AsSpan(_start, GrpcPrefix.Size), messageBytesMax, out _left);
        _start += GrpcPrefix.Size;
        MessageBytes = _left;
        return read;
    }

    /// <summary>Moves to the next field of the response; Message when there is one (see <see cref="Current"/>), End after the last.</summary>
    public async ValueTask<GrpcRead> NextFieldAsync(CancellationToken stop)
    {
        if (_left == 0) return GrpcRead.End;
        // A tag and a length take at most 20 bytes; fewer may be left in the message.
        var head = Math.Min(20, _left);
        if (!await FillAsync(head, stop)) return GrpcRead.Malformed;
        if (!TryMeasure(_buffer.AsSpan(_start, head), out var size)) return GrpcRead.Malformed;
        if (size > FieldBytesMax) return GrpcRead.TooLarge;
        if (size > _left || !await FillAsync((int)size, stop)) return GrpcRead.Malformed;
        Current = _buffer.AsMemory(_start, (int)size);
        _start += (int)size;
        _left -= (int)size;
        return GrpcRead.Message;
    }

    /// <summary>Size of the current response.</summary>
    public int MessageBytes { get; private set; }

    /// <summary>The current field with its tag; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static bool TryMeasure(ReadOnlySpan<byte> head, out long size)
    {
        size = 0;
        if (!TryVarint(head, out var tag, out var tagBytes)) return false;
        switch ((WireKind)(tag & 7))
        {
            case WireKind.Fixed64: size = tagBytes + 8; return true;
            case WireKind.Fixed32: size = tagBytes + 4; return true;
            case WireKind.Varint:
                if (!TryVarint(head[tagBytes..], out _, out var valueBytes)) return false;
                size = tagBytes + valueBytes;
                return true;
            case WireKind.Bytes:
                if (!TryVarint(head[tagBytes..], out var length, out var lengthBytes) || length > int.MaxValue) return false;
                size = tagBytes + lengthBytes + (long)length;
                return true;
            default: return false;
        }
    }

    private static bool TryVarint(ReadOnlySpan<byte> bytes, out ulong value, out int size)
    {
        value = 0;
        for (size = 0; size < 10 && size < bytes.Length;)
        {
            var b = bytes[size];
            value |= (ulong)(b & 0x7F) << (7 * size++);
            if (b < 0x80) return true;
        }
        return false;
    }

    /// <summary>Makes at least <paramref name="size"/> unread bytes available; false when the stream ends before.</summary>
    private async ValueTask<bool> FillAsync(int size, CancellationToken stop)
    {
        if (_end - _start >= size) return true;
        if (_buffer.Length - _start < size) MakeRoom(size);
        while (_end - _start < size)
        {
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), stop);
            if (count == 0) return false;
            _end += count;
        }
        return true;
    }

    private void MakeRoom(int size)
    {
        var unread = _buffer.AsSpan(_start, _end - _start);
        if (_buffer.Length >= size && _buffer.Length <= InitialBytes) unread.CopyTo(_buffer);
        else
        {
            var other = ArrayPool<byte>.Shared.Rent(Math.Max(size, InitialBytes)); // Also the way back from a large resource.
            unread.CopyTo(other);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = other;
        }
        _end -= _start;
        _start = 0;
    }
}
