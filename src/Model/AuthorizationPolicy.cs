using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>
/// A layer-4 policy (istio.security.Authorization): rules are alternatives, clauses of a rule must all hold,
/// matches of a clause are alternatives. Immutable.
/// </summary>
public sealed record AuthorizationPolicy
{
    public required string Name { get; init; }
    public required string Namespace { get; init; }
    public PolicyScope Scope { get; init; }
    public PolicyAction Action { get; init; }
    /// <summary>Evaluated and logged, never enforced.</summary>
    public bool DryRun { get; init; }
    public ImmutableArray<PolicyRule> Rules { get; init; } = [];

    /// <summary>Resource name on the wire: <c>namespace/name</c>.</summary>
    public string Key => $"{Namespace}/{Name}";
}
