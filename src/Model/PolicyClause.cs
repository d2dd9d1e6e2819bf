using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>Alternatives; none means that the clause holds.</summary>
public sealed record PolicyClause(ImmutableArray<PolicyMatch> Matches);
