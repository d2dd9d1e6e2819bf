using System.Collections.Immutable;
using System.Globalization;
using Mesh.ControlPlane.Resources;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>
/// Authorization policies to what a layer-4 proxy can decide. Pure. What it cannot decide makes the policy stricter: an ALLOW rule
/// goes, a DENY rule loses the condition.
/// </summary>
internal sealed class PolicyTranslator(MeshSettings settings)
{
    private const string Wildcard = "*";

    /// <summary>True when ztunnel is to know the policy, and workloads to name it.</summary>
    public bool IsForZtunnel(AuthorizationPolicyObject policy) =>
        policy.Spec.TargetRef is null && (policy.Spec.TargetRefs is null or { Count: 0 })
        && ActionOf(policy) is not null && (settings.DryRunPolicies || !IsDryRun(policy));

    public PolicyTranslation Translate(AuthorizationPolicyObject policy)
    {
        var meta = policy.Metadata;
        if (policy.Spec.TargetRef is not null || policy.Spec.TargetRefs is { Count: > 0 }) return PolicyTranslation.NotForZtunnel;
        if (ActionOf(policy) is not { } action) return new PolicyTranslation(null, [$"action {policy.Spec.Action}"]);
        if (IsDryRun(policy) && !settings.DryRunPolicies) return new PolicyTranslation(null, [Names.DryRun]);

        var unsupported = new List<string>();
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        foreach (var rule in policy.Spec.Rules ?? [])
        {
            var seen = unsupported.Count;
            var translated = Rule(rule ?? new PolicyRuleObject(), meta.Namespace, unsupported);
            if (action == PolicyAction.Deny || unsupported.Count == seen) rules.Add(translated);
        }
        var scope = policy.Spec.Selector is not null ? PolicyScope.WorkloadSelector
            : meta.Namespace == settings.RootNamespace ? PolicyScope.Global
            : PolicyScope.Namespace;
        return new PolicyTranslation(
            new AuthorizationPolicy
            {
                Name = meta.Name,
                Namespace = meta.Namespace,
                Scope = scope,
                Action = action,
                DryRun = IsDryRun(policy),
                Rules = rules.ToImmutable(),
            },
            [.. unsupported.Distinct(StringComparer.Ordinal)]);
    }

    private static bool IsDryRun(AuthorizationPolicyObject policy) => policy.Metadata.Annotations.Has(Names.DryRun, "true");

    private static PolicyAction? ActionOf(AuthorizationPolicyObject policy) => policy.Spec.Action switch
    {
        null or "" or "ALLOW" => PolicyAction.Allow,
        "DENY" => PolicyAction.Deny,
        _ => null, // CUSTOM and AUDIT need a layer-7 proxy.
    };

    private static PolicyRule Rule(PolicyRuleObject rule, string ns, List<string> unsupported)
    {
        var clauses = ImmutableArray.CreateBuilder<PolicyClause>();
        if (rule.To is { Count: > 0 } to)
            clauses.Add(new PolicyClause([.. to.Select(t => Operation(t.Operation ?? new PolicyOperation(), unsupported))]));
        if (rule.From is { Count: > 0 } from)
            clauses.Add(new PolicyClause([.. from.Select(f => Source(f.Source ?? new PolicySource(), ns, unsupported))]));
        foreach (var condition in rule.When ?? []) clauses.Add(new PolicyClause([Condition(condition, unsupported)]));
        return new PolicyRule(clauses.ToImmutable());
    }

    private static PolicyMatch Operation(PolicyOperation operation, List<string> unsupported)
    {
        Note(operation.Hosts, "hosts", unsupported);
        Note(operation.NotHosts, "notHosts", unsupported);
        Note(operation.Methods, "methods", unsupported);
        Note(operation.NotMethods, "notMethods", unsupported);
        Note(operation.Paths, "paths", unsupported);
        Note(operation.NotPaths, "notPaths", unsupported);
        return new PolicyMatch { DestinationPorts = Ports(operation.Ports), NotDestinationPorts = Ports(operation.NotPorts) };
    }

    private static PolicyMatch Source(PolicySource source, string ns, List<string> unsupported)
    {
        Note(source.RemoteIpBlocks, "remoteIpBlocks", unsupported);
        Note(source.NotRemoteIpBlocks, "notRemoteIpBlocks", unsupported);
        Note(source.RequestPrincipals, "requestPrincipals", unsupported);
        Note(source.NotRequestPrincipals, "notRequestPrincipals", unsupported);
        return new PolicyMatch
        {
            Principals = Texts(source.Principals),
            NotPrincipals = Texts(source.NotPrincipals),
            Namespaces = Texts(source.Namespaces),
            NotNamespaces = Texts(source.NotNamespaces),
            ServiceAccounts = Accounts(source.ServiceAccounts, ns),
            NotServiceAccounts = Accounts(source.NotServiceAccounts, ns),
            SourceIps = Ranges(source.IpBlocks),
            NotSourceIps = Ranges(source.NotIpBlocks),
        };
    }

    private static PolicyMatch Condition(PolicyCondition condition, List<string> unsupported)
    {
        var (values, notValues) = (condition.Values, condition.NotValues);
        switch (condition.Key)
        {
            case "source.ip": return new PolicyMatch { SourceIps = Ranges(values), NotSourceIps = Ranges(notValues) };
            case "source.namespace": return new PolicyMatch { Namespaces = Texts(values), NotNamespaces = Texts(notValues) };
            case "source.principal": return new PolicyMatch { Principals = Texts(values), NotPrincipals = Texts(notValues) };
            case "destination.ip": return new PolicyMatch { DestinationIps = Ranges(values), NotDestinationIps = Ranges(notValues) };
            case "destination.port": return new PolicyMatch { DestinationPorts = Ports(values), NotDestinationPorts = Ports(notValues) };
            default:
                unsupported.Add(condition.Key ?? "when");
                return new PolicyMatch();
        }
    }

    private static void Note(IReadOnlyList<string>? values, string attribute, List<string> unsupported)
    {
        if (values is { Count: > 0 }) unsupported.Add(attribute);
    }

    private static ImmutableArray<TextMatch> Texts(IReadOnlyList<string>? values) => values is null ? [] : [.. values.Select(Text)];

    private static TextMatch Text(string value)
    {
        if (value == Wildcard) return new TextMatch(TextMatchKind.Presence, "");
        if (value.StartsWith('*')) return new TextMatch(TextMatchKind.Suffix, value[1..]);
        return value.EndsWith('*') ? new TextMatch(TextMatchKind.Prefix, value[..^1]) : new TextMatch(TextMatchKind.Exact, value);
    }

    private static ImmutableArray<ServiceAccountMatch> Accounts(IReadOnlyList<string>? values, string ns)
    {
        if (values is null) return [];
        var accounts = ImmutableArray.CreateBuilder<ServiceAccountMatch>(values.Count);
        foreach (var value in values)
        {
            var slash = value.IndexOf('/', StringComparison.Ordinal);
            accounts.Add(slash < 0 ? new ServiceAccountMatch(ns, value) : new ServiceAccountMatch(value[..slash], value[(slash + 1)..]));
        }
        return accounts.ToImmutable();
    }

    private static ImmutableArray<AddressRange> Ranges(IReadOnlyList<string>? values)
    {
        if (values is null) return [];
        var ranges = ImmutableArray.CreateBuilder<AddressRange>(values.Count);
        foreach (var value in values)
        {
            if (Cidr.TryParse(value, out var ip, out var prefix))
                ranges.Add(new AddressRange(ip, prefix ?? (ip.GetAddressBytes().Length * 8)));
        }
        return ranges.ToImmutable();
    }

    private static ImmutableArray<ushort> Ports(IReadOnlyList<string>? values)
    {
        if (values is null) return [];
        var ports = ImmutableArray.CreateBuilder<ushort>(values.Count);
        foreach (var value in values)
        {
            if (ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port)) ports.Add(port);
        }
        return ports.ToImmutable();
    }
}
