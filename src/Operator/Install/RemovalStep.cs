namespace Mesh.Operator.Install;

/// <summary>
/// Where a removal stands: what it waits for (null at its end) and in which step of <see cref="RemovalClock"/>, and what it did not wait
/// for any longer.
/// </summary>
internal sealed record RemovalStep(
    string? WaitingFor, IReadOnlyList<ComponentState> Components, string? Step = null, string? Forced = null);
