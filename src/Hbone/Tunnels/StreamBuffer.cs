using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// Bytes that an application did not take at once, in pooled buffers that go back as they drain. Its bound is the stream's receive
/// window: what waits here was not given back to the peer.
/// </summary>
internal sealed class StreamBuffer(BufferPool pool)
{
    private const int SegmentBytes = 16 * 1024;
    private const int LargeSegmentBytes = 64 * 1024;
    private const int LargeAfterBytes = 64 * 1024;

    private readonly Queue<LoopBuffer> segments = new();
    private LoopBuffer? last;
    private int firstStart;
    private int lastEnd;

    public int Bytes { get; private set; }

    /// <summary>False when the loop has no buffers left; nothing of the piece was lost that matters any more, the stream must end.</summary>
    public bool TryAppend(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            if (last is null || lastEnd == last.Length)
            {
                var wanted = Bytes == 0 ? Math.Min(piece.Length, SegmentBytes) : Bytes < LargeAfterBytes ? SegmentBytes : LargeSegmentBytes;
                if (pool.TryRent(wanted) is not { } rented) return false;
                segments.Enqueue(rented);
                last = rented;
                lastEnd = 0;
            }
            var taken = Math.Min(piece.Length, last.Length - lastEnd);
            piece[..taken].CopyTo(last.Span[lastEnd..]);
            lastEnd += taken;
            Bytes += taken;
            piece = piece[taken..];
        }
        return true;
    }

    /// <summary>Adds as many pieces as fit, in order.</summary>
    public void List(ref IoSliceList slices)
    {
        var start = firstStart;
        foreach (var segment in segments)
        {
            var end = ReferenceEquals(segment, last) ? lastEnd : segment.Length;
            if (!slices.TryAdd(segment.Span[start..end])) return;
            start = 0;
        }
    }

    /// <summary>Forgets bytes from the front, after they were sent.</summary>
    public void Advance(int bytes)
    {
        Bytes -= bytes;
        while (bytes > 0)
        {
            var first = segments.Peek();
            var end = ReferenceEquals(first, last) ? lastEnd : first.Length;
            var taken = Math.Min(bytes, end - firstStart);
            bytes -= taken;
            firstStart += taken;
            if (firstStart < end) return;
            pool.Return(segments.Dequeue());
            firstStart = 0;
            if (!ReferenceEquals(first, last)) continue;
            last = null;
            lastEnd = 0;
        }
    }

    public void Clear()
    {
        while (segments.TryDequeue(out var segment)) pool.Return(segment);
        last = null;
        firstStart = lastEnd = Bytes = 0;
    }
}
