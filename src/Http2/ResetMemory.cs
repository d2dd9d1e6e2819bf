namespace Mesh.Http2;

/// <summary>The last streams we reset: frames that the peer sent before it knew are not its fault. A ring, made on first use.</summary>
internal sealed class ResetMemory
{
    public const int Size = 256;

    private int[]? ids;
    private int next;

    public void Add(int streamId)
    {
        ids ??= new int[Size];
        ids[next] = streamId;
        next = (next + 1) % Size;
    }

    public bool Contains(int streamId) => ids is not null && ids.AsSpan().Contains(streamId);
}
