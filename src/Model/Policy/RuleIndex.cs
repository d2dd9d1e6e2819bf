namespace Mesh.Model.Policy;

/// <summary>
/// Many rules of one action, found by an exact value that they need (principal, account, source address, namespace or port); rules without
/// one are walked. Immutable after <see cref="Add"/> has been called for all; evaluation allocates nothing.
/// </summary>
internal sealed class RuleIndex
{
    private readonly List<CompiledRule> _walked = [];
    private readonly Dictionary<string, List<CompiledRule>> _byPrincipal = [];
    private readonly Dictionary<ServiceAccountMatch, List<CompiledRule>> _byAccount = [];
    private readonly Dictionary<Ip, List<CompiledRule>> _bySource = [];
    private readonly Dictionary<string, List<CompiledRule>> _byNamespace = [];
    private readonly Dictionary<ushort, List<CompiledRule>> _byPort = [];

    public void Add(CompiledRule rule)
    {
        foreach (var clause in rule.Clauses)
        {
            var pin = PinOf(clause);
            if (pin == RulePin.None) continue;
            Pin(rule, clause, pin);
            return;
        }

        _walked.Add(rule);
    }

    /// <summary>The matching rule of the earliest policy, or null.</summary>
    public CompiledRule? FindMatch(in AuthorizationContext about)
    {
        CompiledRule? best = null;
        Walk(_walked, about, ref best);
        if (_byPort.Count > 0 && _byPort.TryGetValue(about.Port, out var found)) Walk(found, about, ref best);
        if (_bySource.Count > 0 && _bySource.TryGetValue(about.Source, out found)) Walk(found, about, ref best);
        if (about.Identity is not { } identity) return best;
        if (_byPrincipal.Count > 0 && _byPrincipal.TryGetValue(about.Principal ?? "", out found)) Walk(found, about, ref best);
        if (_byNamespace.Count > 0 && _byNamespace.TryGetValue(identity.Namespace, out found)) Walk(found, about, ref best);
        if (_byAccount.Count > 0 && _byAccount.TryGetValue(new(identity.Namespace, identity.ServiceAccount), out found)) Walk(found, about, ref best);
        return best;
    }

    private static void Walk(List<CompiledRule> rules, in AuthorizationContext about, ref CompiledRule? best)
    {
        foreach (var rule in rules)
        {
            if (best is not null && best.Order <= rule.Order) continue;
            if (rule.Matches(about)) best = rule;
        }
    }

    /// <summary>The value that every match of the clause demands, if there is one kind for all of them.</summary>
    private static RulePin PinOf(CompiledMatch[] clause)
    {
        if (clause.Length == 0) return RulePin.None;
        if (All(clause, static m => m.Principals.Length > 0 && AllExact(m.Principals))) return RulePin.Principal;
        if (All(clause, static m => m.ServiceAccounts.Length > 0)) return RulePin.ServiceAccount;
        if (All(clause, static m => m.Sources.Length > 0 && AllSingle(m.Sources))) return RulePin.Source;
        if (All(clause, static m => m.Namespaces.Length > 0 && AllExact(m.Namespaces))) return RulePin.Namespace;
        return All(clause, static m => m.Ports.Length > 0) ? RulePin.Port : RulePin.None;
    }

    private static bool All(CompiledMatch[] clause, Func<CompiledMatch, bool> holds) => Array.TrueForAll(clause, m => m.IsEmpty || holds(m));

    private static bool AllExact(TextMatch[] texts) => Array.TrueForAll(texts, static t => t.Kind == TextMatchKind.Exact && t.Value.Length > 0);

    private static bool AllSingle(IpRange[] ranges) => Array.TrueForAll(ranges, static r => r.IsSingle);

    private void Pin(CompiledRule rule, CompiledMatch[] clause, RulePin pin)
    {
        foreach (var match in clause)
        {
            switch (pin)
            {
                case RulePin.Principal:
                    foreach (var text in match.Principals) Put(_byPrincipal, text.Value, rule);
                    break;
                case RulePin.ServiceAccount:
                    foreach (var account in match.ServiceAccounts) Put(_byAccount, account, rule);
                    break;
                case RulePin.Source:
                    foreach (var range in match.Sources) Put(_bySource, range.Address, rule);
                    break;
                case RulePin.Namespace:
                    foreach (var text in match.Namespaces) Put(_byNamespace, text.Value, rule);
                    break;
                case RulePin.Port:
                    foreach (var port in match.Ports) Put(_byPort, port, rule);
                    break;
                case RulePin.None:
                    break;
            }
        }
    }

    private static void Put<TKey>(Dictionary<TKey, List<CompiledRule>> index, TKey key, CompiledRule rule)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var rules)) index[key] = rules = [];
        if (rules.Count == 0 || !ReferenceEquals(rules[^1], rule)) rules.Add(rule);
    }
}
