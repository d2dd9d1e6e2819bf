namespace Mesh.Model.Policy;

/// <summary>Policies that always apply together, sorted by what they do. Immutable.</summary>
internal sealed class PolicyGroup
{
    private readonly RuleIndex? _deny;
    private readonly RuleIndex? _allow;
    private readonly RuleIndex? _dryDeny;
    private readonly RuleIndex? _dryAllow;

    public PolicyGroup(IEnumerable<AuthorizationPolicy> policies)
    {
        var order = 0;
        foreach (var policy in policies)
        {
            if (policy is { Action: PolicyAction.Allow, DryRun: false }) HasAllow = true; // Even without rules: that one denies everything.
            ref var index = ref _deny;
            if (policy.Action == PolicyAction.Allow) index = ref (policy.DryRun ? ref _dryAllow : ref _allow);
            else if (policy.DryRun) index = ref _dryDeny;
            index ??= new RuleIndex();
            var key = policy.Key;
            if (policy.Rules.IsDefault) continue;
            foreach (var rule in policy.Rules) index.Add(new CompiledRule(key, order, rule));
            order++;
        }
    }

    public static PolicyGroup Empty { get; } = new([]);

    /// <summary>An enforced ALLOW policy exists, so that nothing else is allowed.</summary>
    public bool HasAllow { get; }

    public string? FindDeny(in AuthorizationContext about) => _deny?.FindMatch(about)?.Policy;

    public string? FindAllow(in AuthorizationContext about) => _allow?.FindMatch(about)?.Policy;

    public string? FindDryDeny(in AuthorizationContext about) => _dryDeny?.FindMatch(about)?.Policy;

    public string? FindDryAllow(in AuthorizationContext about) => _dryAllow?.FindMatch(about)?.Policy;
}
