namespace Mesh.Http2.Flow;

/// <summary>RFC 9113, 6.9: bytes that one direction may still carry. Below zero after the peer lowered its initial window.</summary>
internal struct FlowWindow(int available)
{
    public const int Max = int.MaxValue;

    public int Available { get; private set; } = available;

    /// <summary>False when the window would pass 2^31-1.</summary>
    public bool TryGrow(int bytes)
    {
        var sum = (long)Available + bytes;
        if (sum is > Max or < int.MinValue) return false;
        Available = (int)sum;
        return true;
    }

    public bool TryTake(int bytes)
    {
        if (bytes > Available) return false;
        Available -= bytes;
        return true;
    }
}
