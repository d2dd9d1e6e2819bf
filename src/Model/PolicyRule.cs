using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>Clauses that must all hold; none means that the rule matches everything.</summary>
public sealed record PolicyRule(ImmutableArray<PolicyClause> Clauses);
