namespace Mesh.Http2.Flow;

/// <summary>What is left of a <see cref="FloodLimit"/>; refilled by the engine's clock.</summary>
internal struct FloodBudget(FloodLimit limit)
{
    private int left = limit.Burst;

    public bool TrySpend()
    {
        if (left <= 0) return false;
        left--;
        return true;
    }

    public void Refill(FloodLimit limit, long milliseconds)
    {
        var refilled = left + limit.PerSecond * milliseconds / 1000;
        left = (int)Math.Min(limit.Burst, refilled);
    }
}
