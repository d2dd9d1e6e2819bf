using System.Collections.Immutable;
using Mesh.ControlPlane.Resources;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>
/// Authorization policies to what a layer-4 proxy can decide. Pure. What it cannot decide makes the policy stricter: an ALLOW rule
/// goes, a DENY rule loses the condition. So does what means nothing: the ALLOW rule goes, the DENY rule denies everything.
/// </summary>
internal sealed class PolicyTranslator(MeshSettings settings)
{
    /// <summary>True when ztunnel is to know the policy, and workloads to name it.</summary>
    public bool IsForZtunnel(AuthorizationPolicyObject policy) =>
        !IsTargeted(policy) && ActionOf(policy) is not null && (settings.DryRunPolicies || !IsDryRun(policy));

    public PolicyTranslation Translate(AuthorizationPolicyObject policy)
    {
        var remarks = new PolicyRemarks();
        if (policy.Spec.Problem is { } problem) remarks.MeansNothing(problem);
        if (IsTargeted(policy)) return new PolicyTranslation(null, [], remarks.Malformed);
        if (ActionOf(policy) is not { } action) return new PolicyTranslation(null, [$"action {policy.Spec.Action}"], remarks.Malformed);
        if (IsDryRun(policy) && !settings.DryRunPolicies) return new PolicyTranslation(null, [Names.DryRun], remarks.Malformed);
        if (policy.Spec.Action is not (null or "" or "ALLOW" or "DENY"))
            remarks.MeansNothing($"action '{policy.Spec.Action}' is none of ALLOW, DENY, AUDIT and CUSTOM");
        if (policy.Spec.Selector is { } selector && selector.Wanted().Count == 0) remarks.CannotDecide("a selector without labels, which selects nothing");
        if (action == PolicyAction.Deny && policy.Spec.Rules is null or { Count: 0 } && remarks.MalformedCount == 0)
            remarks.CannotDecide("a DENY without rules, which denies nothing");
        var translated = remarks.MalformedCount > 0
            ? Closed(policy, action)
            : Shell(policy, action) with { Rules = Rules(policy, action, remarks) };
        return new PolicyTranslation(translated, remarks.Unsupported, remarks.Malformed);
    }

    /// <summary>The strictest a policy can be read: an ALLOW that allows nothing, a DENY of everything it selects.</summary>
    public AuthorizationPolicy Closed(AuthorizationPolicyObject policy, PolicyAction action = PolicyAction.Deny) =>
        Shell(policy, action) with { Rules = action == PolicyAction.Deny ? [Everything] : [] };

    private static PolicyRule Everything => new([]);

    private AuthorizationPolicy Shell(AuthorizationPolicyObject policy, PolicyAction action) => new()
    {
        Name = policy.Metadata.Name,
        Namespace = policy.Metadata.Namespace,
        Scope = policy.Spec.Selector is not null ? PolicyScope.WorkloadSelector
            : policy.Metadata.Namespace == settings.RootNamespace ? PolicyScope.Global
            : PolicyScope.Namespace,
        Action = action,
        DryRun = IsDryRun(policy),
    };

    private static ImmutableArray<PolicyRule> Rules(AuthorizationPolicyObject policy, PolicyAction action, PolicyRemarks remarks)
    {
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        foreach (var rule in policy.Spec.Rules ?? [])
        {
            var (beyond, malformed) = (remarks.UnsupportedCount, remarks.MalformedCount);
            var translated = PolicyRules.Translate(rule, policy.Metadata.Namespace, remarks);
            if (action == PolicyAction.Deny) rules.Add(remarks.MalformedCount > malformed ? Everything : translated);
            else if (remarks.MalformedCount == malformed && remarks.UnsupportedCount == beyond) rules.Add(translated);
        }
        return rules.ToImmutable();
    }

    private static bool IsTargeted(AuthorizationPolicyObject policy) => policy.Spec.TargetRef is not null || policy.Spec.TargetRefs is { Count: > 0 };

    private static bool IsDryRun(AuthorizationPolicyObject policy) => policy.Metadata.Annotations.Has(Names.DryRun, "true");

    private static PolicyAction? ActionOf(AuthorizationPolicyObject policy) => policy.Spec.Action switch
    {
        null or "" or "ALLOW" => PolicyAction.Allow,
        "CUSTOM" or "AUDIT" => null, // They need a layer-7 proxy.
        _ => PolicyAction.Deny, // DENY, or a word that means nothing: then everything is denied.
    };
}
