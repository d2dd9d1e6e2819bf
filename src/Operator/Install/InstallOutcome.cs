using Mesh.Operator.Rendering;

namespace Mesh.Operator.Install;

/// <summary>How far one pass over the waves came.</summary>
internal sealed record InstallOutcome
{
    public required IReadOnlyList<ComponentState> Components { get; init; }

    /// <summary>What has to happen before the pass can go on; null when every wave is verified.</summary>
    public string? WaitingFor { get; init; }

    public int Drifted { get; init; }

    /// <summary>Objects that were put back to what we want.</summary>
    public IReadOnlyList<RenderedObject> Corrected { get; init; } = [];

    public bool IsComplete => WaitingFor is null;
}
