using Mesh.Operator.Api;
using Mesh.Operator.Install;
using Mesh.Operator.Rules;

namespace Mesh.Operator.Status;

/// <summary>What one reconcile found out; <see cref="MeshStatus"/> makes the status of it.</summary>
internal sealed record StatusInput
{
    public required MeshInstall Mesh { get; init; }

    public required DateTimeOffset Now { get; init; }

    public required string OperatorVersion { get; init; }

    /// <summary>What the user has to change before anything goes on.</summary>
    public IReadOnlyList<MeshProblem> Problems { get; init; } = [];

    /// <summary>The version to run; null when the spec does not say a valid one.</summary>
    public string? Target { get; init; }

    public IReadOnlyList<ComponentState> Components { get; init; } = [];

    /// <summary>Null when all waves are verified.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>Only a person can help.</summary>
    public Obstacle? Obstacle { get; init; }

    /// <summary>The API server kept us from looking: what was said of the components stands.</summary>
    public bool IsBlind { get; init; }

    public int Drifted { get; init; }

    public ResolvedStatus? Resolved { get; init; }

    public InventoryStatus? Inventory { get; init; }

    public bool IsDeleting { get; init; }

    /// <summary>Which step of a removal is under way; see <see cref="RemovalClock"/>.</summary>
    public string? RemovalStep { get; init; }
}
