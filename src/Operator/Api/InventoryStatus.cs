namespace Mesh.Operator.Api;

/// <summary>What was rendered, in short.</summary>
internal sealed record InventoryStatus
{
    public int Objects { get; init; }

    public string Digest { get => field ?? ""; init; }

    /// <summary>Objects that somebody edited and that spec.driftPolicy tells us to leave.</summary>
    public int Drifted { get; init; }
}
