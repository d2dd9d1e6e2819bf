using System.Collections.Immutable;
using System.Globalization;
using Mesh.ControlPlane.Resources;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>One rule of a policy to clauses of layer 4, with remarks on all that is lost. Pure.</summary>
internal static class PolicyRules
{
    private const string Wildcard = "*";

    public static PolicyRule Translate(PolicyRuleObject rule, string ns, PolicyRemarks remarks)
    {
        var clauses = ImmutableArray.CreateBuilder<PolicyClause>();
        if (rule.To is { Count: > 0 } to)
            clauses.Add(new PolicyClause([.. to.Select(t => Operation(t.Operation ?? new PolicyOperation(), remarks))]));
        if (rule.From is { Count: > 0 } from)
            clauses.Add(new PolicyClause([.. from.Select(f => Source(f.Source ?? new PolicySource(), ns, remarks))]));
        foreach (var condition in rule.When ?? []) clauses.Add(new PolicyClause([Condition(condition, remarks)]));
        return new PolicyRule(clauses.ToImmutable());
    }

    private static PolicyMatch Operation(PolicyOperation operation, PolicyRemarks remarks)
    {
        var said = remarks.Count;
        remarks.CannotDecide("hosts", operation.Hosts);
        remarks.CannotDecide("notHosts", operation.NotHosts);
        remarks.CannotDecide("methods", operation.Methods);
        remarks.CannotDecide("notMethods", operation.NotMethods);
        remarks.CannotDecide("paths", operation.Paths);
        remarks.CannotDecide("notPaths", operation.NotPaths);
        var match = new PolicyMatch { DestinationPorts = Ports(operation.Ports, remarks), NotDestinationPorts = Ports(operation.NotPorts, remarks) };
        if (said == remarks.Count && IsEmpty(match)) remarks.MeansNothing("an operation without any field");
        return match;
    }

    private static PolicyMatch Source(PolicySource source, string ns, PolicyRemarks remarks)
    {
        var said = remarks.Count;
        remarks.CannotDecide("remoteIpBlocks", source.RemoteIpBlocks);
        remarks.CannotDecide("notRemoteIpBlocks", source.NotRemoteIpBlocks);
        remarks.CannotDecide("requestPrincipals", source.RequestPrincipals);
        remarks.CannotDecide("notRequestPrincipals", source.NotRequestPrincipals);
        remarks.CannotDecide("trustDomains", source.TrustDomains);
        remarks.CannotDecide("notTrustDomains", source.NotTrustDomains);
        var match = new PolicyMatch
        {
            Principals = Texts(source.Principals),
            NotPrincipals = Texts(source.NotPrincipals),
            Namespaces = Texts(source.Namespaces),
            NotNamespaces = Texts(source.NotNamespaces),
            ServiceAccounts = Accounts(source.ServiceAccounts, ns, remarks),
            NotServiceAccounts = Accounts(source.NotServiceAccounts, ns, remarks),
            SourceIps = Ranges(source.IpBlocks, remarks),
            NotSourceIps = Ranges(source.NotIpBlocks, remarks),
        };
        if (said == remarks.Count && IsEmpty(match)) remarks.MeansNothing("a source without any field");
        return match;
    }

    private static PolicyMatch Condition(PolicyCondition condition, PolicyRemarks remarks)
    {
        var (values, notValues) = (condition.Values, condition.NotValues);
        if (values is null or { Count: 0 } && notValues is null or { Count: 0 }) remarks.MeansNothing($"when '{condition.Key}' without values");
        switch (condition.Key)
        {
            case "source.ip": return new PolicyMatch { SourceIps = Ranges(values, remarks), NotSourceIps = Ranges(notValues, remarks) };
            case "source.namespace": return new PolicyMatch { Namespaces = Texts(values), NotNamespaces = Texts(notValues) };
            case "source.principal": return new PolicyMatch { Principals = Texts(values), NotPrincipals = Texts(notValues) };
            case "destination.ip":
                return new PolicyMatch { DestinationIps = Ranges(values, remarks), NotDestinationIps = Ranges(notValues, remarks) };
            case "destination.port":
                return new PolicyMatch { DestinationPorts = Ports(values, remarks), NotDestinationPorts = Ports(notValues, remarks) };
            case null or "":
                remarks.MeansNothing("when without a key");
                return new PolicyMatch();
            default:
                remarks.CannotDecide(condition.Key);
                return new PolicyMatch();
        }
    }

    /// <summary>Such a match never holds: a DENY with it would deny nothing.</summary>
    private static bool IsEmpty(PolicyMatch match) =>
        match.Namespaces.Length + match.NotNamespaces.Length + match.Principals.Length + match.NotPrincipals.Length
        + match.ServiceAccounts.Length + match.NotServiceAccounts.Length + match.SourceIps.Length + match.NotSourceIps.Length
        + match.DestinationPorts.Length + match.NotDestinationPorts.Length == 0;

    private static ImmutableArray<TextMatch> Texts(IReadOnlyList<string>? values) => values is null ? [] : [.. values.Select(Text)];

    private static TextMatch Text(string value)
    {
        if (value == Wildcard) return new TextMatch(TextMatchKind.Presence, "");
        if (value.StartsWith('*')) return new TextMatch(TextMatchKind.Suffix, value[1..]);
        return value.EndsWith('*') ? new TextMatch(TextMatchKind.Prefix, value[..^1]) : new TextMatch(TextMatchKind.Exact, value);
    }

    private static ImmutableArray<ServiceAccountMatch> Accounts(IReadOnlyList<string>? values, string ns, PolicyRemarks remarks)
    {
        var accounts = ImmutableArray.CreateBuilder<ServiceAccountMatch>();
        foreach (var value in values ?? [])
        {
            var slash = value.IndexOf('/', StringComparison.Ordinal);
            var account = slash < 0 ? new ServiceAccountMatch(ns, value) : new ServiceAccountMatch(value[..slash], value[(slash + 1)..]);
            if (account.Namespace.Length == 0 || account.ServiceAccount.Length == 0 || account.ServiceAccount.Contains('/', StringComparison.Ordinal))
                remarks.MeansNothing($"service account '{value}'");
            else accounts.Add(account);
        }
        return accounts.ToImmutable();
    }

    private static ImmutableArray<AddressRange> Ranges(IReadOnlyList<string>? values, PolicyRemarks remarks)
    {
        var ranges = ImmutableArray.CreateBuilder<AddressRange>();
        foreach (var value in values ?? [])
        {
            if (Cidr.TryParse(value, out var ip, out var prefix))
                ranges.Add(new AddressRange(ip, prefix ?? (ip.GetAddressBytes().Length * 8)));
            else remarks.MeansNothing($"address range '{value}'");
        }
        return ranges.ToImmutable();
    }

    private static ImmutableArray<ushort> Ports(IReadOnlyList<string>? values, PolicyRemarks remarks)
    {
        var ports = ImmutableArray.CreateBuilder<ushort>();
        foreach (var value in values ?? [])
        {
            if (ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port)) ports.Add(port);
            else remarks.MeansNothing($"port '{value}'");
        }
        return ports.ToImmutable();
    }
}
