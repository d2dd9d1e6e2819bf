using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Mesh.Model.Policy;

/// <summary>One match, ready to be evaluated: text without its scheme, ranges as numbers. Immutable; evaluation allocates nothing.</summary>
internal sealed class CompiledMatch
{
    private const string Scheme = "spiffe://";

    public CompiledMatch(PolicyMatch source)
    {
        Namespaces = Texts(source.Namespaces);
        NotNamespaces = Texts(source.NotNamespaces);
        Principals = Texts(source.Principals);
        NotPrincipals = Texts(source.NotPrincipals);
        ServiceAccounts = Values(source.ServiceAccounts);
        NotServiceAccounts = Values(source.NotServiceAccounts);
        Sources = Ranges(source.SourceIps);
        NotSources = Ranges(source.NotSourceIps);
        Destinations = Ranges(source.DestinationIps);
        NotDestinations = Ranges(source.NotDestinationIps);
        Ports = Values(source.DestinationPorts);
        NotPorts = Values(source.NotDestinationPorts);
        IsEmpty = Namespaces.Length + NotNamespaces.Length + Principals.Length + NotPrincipals.Length + ServiceAccounts.Length
            + NotServiceAccounts.Length + Sources.Length + NotSources.Length + Destinations.Length + NotDestinations.Length
            + Ports.Length + NotPorts.Length == 0;
    }

    /// <summary>Says nothing, and therefore matches nothing.</summary>
    public bool IsEmpty { get; }

    public TextMatch[] Namespaces { get; }

    public TextMatch[] NotNamespaces { get; }

    public TextMatch[] Principals { get; }

    public TextMatch[] NotPrincipals { get; }

    public ServiceAccountMatch[] ServiceAccounts { get; }

    public ServiceAccountMatch[] NotServiceAccounts { get; }

    public IpRange[] Sources { get; }

    public IpRange[] NotSources { get; }

    public IpRange[] Destinations { get; }

    public IpRange[] NotDestinations { get; }

    public ushort[] Ports { get; }

    public ushort[] NotPorts { get; }

    public bool Matches(in AuthorizationContext about)
    {
        if (IsEmpty) return false;
        if (Ports.Length > 0 && !Ports.AsSpan().Contains(about.Port)) return false;
        if (NotPorts.AsSpan().Contains(about.Port)) return false;
        var principal = about.Principal ?? "";
        if (Principals.Length > 0 && !AnyText(Principals, principal)) return false;
        if (AnyText(NotPrincipals, principal)) return false;
        var ns = about.Identity?.Namespace ?? "";
        if (Namespaces.Length > 0 && !AnyText(Namespaces, ns)) return false;
        if (AnyText(NotNamespaces, ns)) return false;
        if (ServiceAccounts.Length > 0 && !AnyAccount(ServiceAccounts, about)) return false;
        if (AnyAccount(NotServiceAccounts, about)) return false;
        if (Sources.Length > 0 && !AnyRange(Sources, about.Source)) return false;
        if (AnyRange(NotSources, about.Source)) return false;
        if (Destinations.Length > 0 && !AnyRange(Destinations, about.Destination)) return false;
        return !AnyRange(NotDestinations, about.Destination);
    }

    /// <summary>No text, as without an identity, matches nothing; so a negated presence matches plaintext.</summary>
    private static bool AnyText(TextMatch[] conditions, string text)
    {
        if (text.Length == 0) return false;
        foreach (ref readonly var condition in conditions.AsSpan())
        {
            var holds = condition.Kind switch
            {
                TextMatchKind.Exact => text == condition.Value,
                TextMatchKind.Prefix => text.StartsWith(condition.Value, StringComparison.Ordinal),
                TextMatchKind.Suffix => text.EndsWith(condition.Value, StringComparison.Ordinal),
                TextMatchKind.Presence => true,
            };
            if (holds) return true;
        }

        return false;
    }

    private static bool AnyAccount(ServiceAccountMatch[] accounts, in AuthorizationContext about)
    {
        if (about.Identity is not { } identity) return false;
        foreach (ref readonly var account in accounts.AsSpan())
        {
            if (account.ServiceAccount == identity.ServiceAccount && account.Namespace == identity.Namespace) return true;
        }

        return false;
    }

    private static bool AnyRange(IpRange[] ranges, Ip ip)
    {
        foreach (ref readonly var range in ranges.AsSpan())
        {
            if (ip.IsWithin(range.Address, range.PrefixLength)) return true;
        }

        return false;
    }

    private static TextMatch[] Texts(ImmutableArray<TextMatch> source)
    {
        if (source.IsDefaultOrEmpty) return [];
        var texts = source.ToArray();
        foreach (ref var text in texts.AsSpan())
        {
            if (text.Kind is TextMatchKind.Exact or TextMatchKind.Prefix && text.Value.StartsWith(Scheme, StringComparison.Ordinal))
            {
                text = text with { Value = text.Value[Scheme.Length..] };
            }
        }

        return texts;
    }

    private static IpRange[] Ranges(ImmutableArray<AddressRange> source)
    {
        if (source.IsDefaultOrEmpty) return [];
        var ranges = new IpRange[source.Length];
        for (var i = 0; i < ranges.Length; i++) ranges[i] = new IpRange(Ip.From(source[i].Address), source[i].PrefixLength);
        return ranges;
    }

    private static T[] Values<T>(ImmutableArray<T> source) => source.IsDefaultOrEmpty ? [] : ImmutableCollectionsMarshal.AsArray(source)!;
}
