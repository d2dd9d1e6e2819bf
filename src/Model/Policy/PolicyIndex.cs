using System.Collections.Immutable;

namespace Mesh.Model.Policy;

/// <summary>Every policy, compiled, and which ones speak about a workload. Immutable; any thread.</summary>
public sealed class PolicyIndex
{
    private readonly PolicyGroup _global;
    private readonly Dictionary<string, PolicyGroup> _byNamespace;
    private readonly Dictionary<string, PolicyGroup> _byKey;

    internal PolicyIndex(
        ImmutableArray<AuthorizationPolicy> all, PolicyGroup global, Dictionary<string, PolicyGroup> byNamespace, Dictionary<string, PolicyGroup> byKey)
    {
        All = all;
        (_global, _byNamespace, _byKey) = (global, byNamespace, byKey);
    }

    public ImmutableArray<AuthorizationPolicy> All { get; }

    /// <summary>
    /// Decides for a workload: dry-run DENY is noted, a matching DENY denies, dry-run ALLOW is noted, then without enforced ALLOW policies all
    /// is allowed, else one of them must match.
    /// </summary>
    /// <param name="ns">Namespace of the destination workload.</param>
    /// <param name="selected">Policies the destination workload names.</param>
    /// <param name="about">The connection.</param>
    /// <param name="unknown">What to say about a named policy that is not there.</param>
    public AuthorizationOutcome Authorize(
        string ns, ImmutableArray<string> selected, in AuthorizationContext about, UnknownPolicy unknown = UnknownPolicy.Skip)
    {
        var own = _byNamespace.GetValueOrDefault(ns) ?? PolicyGroup.Empty;
        var dryDeny = _global.FindDryDeny(about) ?? own.FindDryDeny(about);
        var deny = _global.FindDeny(about) ?? own.FindDeny(about);
        var hasAllow = _global.HasAllow || own.HasAllow;
        string? missing = null;
        foreach (var name in selected)
        {
            if (!_byKey.TryGetValue(name, out var group))
            {
                missing ??= name;
                continue;
            }

            dryDeny ??= group.FindDryDeny(about);
            deny ??= group.FindDeny(about);
            hasAllow |= group.HasAllow;
        }

        if (deny is not null) return new AuthorizationOutcome(Verdict.DeniedByRule, deny, dryDeny);
        if (missing is not null && unknown == UnknownPolicy.Undecided) return new AuthorizationOutcome(Verdict.Undecided, missing, dryDeny);

        var dryAllow = _global.FindDryAllow(about) ?? own.FindDryAllow(about) ?? FindSelected(selected, about, dryRun: true);
        if (!hasAllow) return new AuthorizationOutcome(Verdict.Allowed, null, dryDeny, dryAllow);
        var allow = _global.FindAllow(about) ?? own.FindAllow(about) ?? FindSelected(selected, about, dryRun: false);
        return new AuthorizationOutcome(allow is null ? Verdict.DeniedByDefault : Verdict.Allowed, allow, dryDeny, dryAllow);
    }

    public bool Contains(string key) => _byKey.ContainsKey(key) || All.Any(policy => policy.Key == key);

    private string? FindSelected(ImmutableArray<string> selected, in AuthorizationContext about, bool dryRun)
    {
        foreach (var name in selected)
        {
            if (!_byKey.TryGetValue(name, out var group)) continue;
            if ((dryRun ? group.FindDryAllow(about) : group.FindAllow(about)) is { } found) return found;
        }

        return null;
    }
}
