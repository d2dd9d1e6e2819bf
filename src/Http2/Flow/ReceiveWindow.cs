namespace Mesh.Http2.Flow;

/// <summary>What a peer may still send, and what was consumed but not yet announced back to it.</summary>
internal struct ReceiveWindow(int sizeBytes)
{
    private FlowWindow window = new(sizeBytes);
    private int owed;

    public readonly int Available => window.Available;

    /// <summary>False: the peer sent more than it was allowed to.</summary>
    public bool TryCharge(int bytes) => window.TryTake(bytes);

    /// <summary>Notes consumed bytes; answers the increment to announce now, 0 while less than half of the window is owed.</summary>
    public int Return(int bytes, int sizeBytes)
    {
        owed += bytes;
        if (owed < sizeBytes / 2) return 0;
        var increment = owed;
        owed = 0;
        _ = window.TryGrow(increment); // Never above its first size: only what was charged comes back.
        return increment;
    }
}
