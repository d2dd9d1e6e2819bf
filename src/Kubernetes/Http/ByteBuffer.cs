using System.Buffers;

namespace Mesh.Kubernetes.Http;

/// <summary>Bytes received and not yet understood: one pooled array that grows up to a limit. Owned by one reader.</summary>
internal sealed class ByteBuffer(int bytesMax) : IDisposable
{
    private const int FirstBytes = 16 * 1024;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    public void Consume(int count)
    {
        _start += count;
        if (_start == _end) _start = _end = 0;
    }

    /// <summary>Reads once, behind what is there.</summary>
    public async ValueTask<FillOutcome> FillAsync(Stream stream, CancellationToken stop)
    {
        if (_end == _bytes.Length && !TryMakeRoom()) return FillOutcome.Full;
        var count = await stream.ReadAsync(_bytes.AsMemory(_end), stop);
        _end += count;
        return count == 0 ? FillOutcome.Ended : FillOutcome.Read;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _start = _end = 0;
    }

    private bool TryMakeRoom()
    {
        var count = _end - _start;
        if (_start > 0)
        {
            _bytes.AsSpan(_start, count).CopyTo(_bytes);
        }
        else
        {
            if (_bytes.Length >= bytesMax) return false;
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(bytesMax, _bytes.Length * 2));
            Unread.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        (_start, _end) = (0, count);
        return true;
    }
}
