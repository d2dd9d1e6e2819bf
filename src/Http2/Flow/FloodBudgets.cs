namespace Mesh.Http2.Flow;

/// <summary>One budget for each thing a peer could do without end.</summary>
internal struct FloodBudgets(Http2Limits limits)
{
    public FloodBudget Settings = new(limits.Settings);
    public FloodBudget Pings = new(limits.Pings);
    public FloodBudget Priorities = new(limits.Priorities);
    public FloodBudget EmptyData = new(limits.EmptyData);
    public FloodBudget UnknownFrames = new(limits.UnknownFrames);
    public FloodBudget RapidResets = new(limits.RapidResets);
    public FloodBudget StreamFaults = new(limits.StreamFaults);
    public FloodBudget ClosedStreamFrames = new(limits.ClosedStreamFrames);

    public void Refill(Http2Limits limits, long milliseconds)
    {
        Settings.Refill(limits.Settings, milliseconds);
        Pings.Refill(limits.Pings, milliseconds);
        Priorities.Refill(limits.Priorities, milliseconds);
        EmptyData.Refill(limits.EmptyData, milliseconds);
        UnknownFrames.Refill(limits.UnknownFrames, milliseconds);
        RapidResets.Refill(limits.RapidResets, milliseconds);
        StreamFaults.Refill(limits.StreamFaults, milliseconds);
        ClosedStreamFrames.Refill(limits.ClosedStreamFrames, milliseconds);
    }
}
