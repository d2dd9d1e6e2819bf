namespace Mesh.Operator.Install;

/// <summary>A component's rollout and, where it does not get on, why.</summary>
internal sealed record ComponentState(Rollout Rollout, PodFailure? Failure);
