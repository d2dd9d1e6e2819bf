namespace Mesh.Model.Policy;

/// <summary>One rule of a policy: clauses that must all hold. Immutable.</summary>
internal sealed class CompiledRule
{
    private readonly CompiledMatch[][] _clauses;

    public CompiledRule(string policy, int order, PolicyRule source)
    {
        (Policy, Order) = (policy, order);
        _clauses = new CompiledMatch[source.Clauses.IsDefault ? 0 : source.Clauses.Length][];
        for (var i = 0; i < _clauses.Length; i++)
        {
            var matches = source.Clauses[i].Matches;
            _clauses[i] = new CompiledMatch[matches.IsDefault ? 0 : matches.Length];
            for (var j = 0; j < _clauses[i].Length; j++) _clauses[i][j] = new CompiledMatch(matches[j]);
        }
    }

    /// <summary>Name of the policy it belongs to.</summary>
    public string Policy { get; }

    /// <summary>Position of the policy; of several that match, the first one is reported.</summary>
    public int Order { get; }

    public ReadOnlySpan<CompiledMatch[]> Clauses => _clauses;

    public bool Matches(in AuthorizationContext about)
    {
        foreach (var clause in _clauses)
        {
            if (clause.Length > 0 && !AnyMatches(clause, about)) return false;
        }

        return true;
    }

    private static bool AnyMatches(CompiledMatch[] clause, in AuthorizationContext about)
    {
        foreach (var match in clause)
        {
            if (match.Matches(about)) return true;
        }

        return false;
    }
}
