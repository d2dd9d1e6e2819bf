using System.Buffers;

namespace Mesh.Http2;

/// <summary>
/// Frames that wait for the owner to take them, in order. Its memory is rented while there is something in it, so an idle
/// connection holds none.
/// </summary>
internal sealed class ControlOutput(int bytesMax)
{
    private const int FirstBytes = 1024;

    // The last GOAWAY must always find room.
    private const int Reserve = 512;

    private byte[] buffer = [];
    private int start;
    private int end;

    public int Pending => end - start;

    public bool HasRoom(int bytes) => Pending + bytes <= bytesMax;

    /// <summary>Room at the end; what is written there counts after <see cref="Commit"/>.</summary>
    public Span<byte> Room(int bytes)
    {
        if (Pending + bytes > bytesMax + Reserve) throw new InvalidOperationException("Control output beyond its bound.");
        if (buffer.Length - end < bytes) MakeRoom(bytes);
        return buffer.AsSpan(end, bytes);
    }

    public void Commit(int bytes) => end += bytes;

    public int Take(Span<byte> output)
    {
        var taken = Math.Min(output.Length, Pending);
        buffer.AsSpan(start, taken).CopyTo(output);
        start += taken;
        if (start == end) Release();
        return taken;
    }

    /// <summary>Gives the memory back; what was in it is gone.</summary>
    public void Release()
    {
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        start = end = 0;
    }

    private void MakeRoom(int bytes)
    {
        var pending = Pending;
        var bigger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, (pending + bytes) * 2));
        buffer.AsSpan(start, pending).CopyTo(bigger);
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = bigger;
        start = 0;
        end = pending;
    }
}
