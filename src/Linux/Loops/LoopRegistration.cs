namespace Mesh.Linux.Loops;

/// <summary>A registered descriptor: its slot and which tenant of the slot it is, so late events of a former tenant are dropped.</summary>
public readonly record struct LoopRegistration
{
    internal LoopRegistration(int slot, int generation) => (Slot, Generation) = (slot, generation);

    internal int Slot { get; }

    internal int Generation { get; }
}
