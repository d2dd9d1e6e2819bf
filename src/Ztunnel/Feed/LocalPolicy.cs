using System.Collections.Immutable;
using System.Globalization;
using Mesh.Model;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Feed;

/// <summary>One policy of the local configuration: rules are lists of clauses, which are lists of matches.</summary>
internal static class LocalPolicy
{
    public static AuthorizationPolicy Read(YamlCursor from)
    {
        var policy = new AuthorizationPolicy { Name = "", Namespace = "" };
        var saysDryRun = false;
        while (from.NextKey(out var key))
        {
            saysDryRun |= key is "dryRun";
            policy = key switch
            {
                "name" => policy with { Name = from.ReadText("name").ToString() },
                "namespace" => policy with { Namespace = from.ReadText("namespace").ToString() },
                "scope" => policy with { Scope = ReadScope(from) },
                "action" => policy with { Action = ReadAction(from) },
                "dryRun" => policy with { DryRun = from.ReadFlag("dryRun") },
                "rules" => policy with { Rules = ReadRules(from) },
                _ => throw from.Problem($"unknown key {key} in a policy"),
            };
        }

        if (policy.Name.Length == 0) throw from.Problem("a policy needs a name");
        return saysDryRun ? policy : throw from.Problem("a policy must say dryRun: true or false");
    }

    private static PolicyScope ReadScope(YamlCursor from) => from.ReadText("scope") switch
    {
        "Global" => PolicyScope.Global,
        "Namespace" => PolicyScope.Namespace,
        "WorkloadSelector" => PolicyScope.WorkloadSelector,
        var other => throw from.Problem($"scope {other} is none of Global, Namespace, WorkloadSelector"),
    };

    private static PolicyAction ReadAction(YamlCursor from) => from.ReadText("action") switch
    {
        "Allow" => PolicyAction.Allow,
        "Deny" => PolicyAction.Deny,
        var other => throw from.Problem($"action {other} is neither Allow nor Deny"),
    };

    private static ImmutableArray<PolicyRule> ReadRules(YamlCursor from) =>
        ReadList(from, "rules", YamlEvent.SequenceStart, c => new PolicyRule(ReadItems(c, "a rule", YamlEvent.SequenceStart, ReadClause)));

    private static PolicyClause ReadClause(YamlCursor from) => new(ReadItems(from, "a clause", YamlEvent.MappingStart, ReadMatch));

    private static ImmutableArray<T> ReadList<T>(YamlCursor from, string what, YamlEvent item, Func<YamlCursor, T> read) =>
        from.Enter(YamlEvent.SequenceStart, what) ? ReadItems(from, what, item, read) : [];

    /// <summary>The items of a list that was entered.</summary>
    private static ImmutableArray<T> ReadItems<T>(YamlCursor from, string what, YamlEvent item, Func<YamlCursor, T> read)
    {
        var items = ImmutableArray.CreateBuilder<T>();
        while (true)
        {
            var found = from.Read();
            if (found == YamlEvent.SequenceEnd) return items.DrainToImmutable();
            if (found != item) throw from.Problem($"{what} holds something of another kind");
            items.Add(read(from));
        }
    }

    private static PolicyMatch ReadMatch(YamlCursor from)
    {
        var match = new PolicyMatch();
        while (from.NextKey(out var key))
        {
            match = key switch
            {
                "namespaces" => match with { Namespaces = ReadTexts(from) },
                "notNamespaces" => match with { NotNamespaces = ReadTexts(from) },
                "principals" => match with { Principals = ReadTexts(from) },
                "notPrincipals" => match with { NotPrincipals = ReadTexts(from) },
                "serviceAccounts" => match with { ServiceAccounts = ReadAccounts(from) },
                "notServiceAccounts" => match with { NotServiceAccounts = ReadAccounts(from) },
                "sourceIps" => match with { SourceIps = ReadRanges(from) },
                "notSourceIps" => match with { NotSourceIps = ReadRanges(from) },
                "destinationIps" => match with { DestinationIps = ReadRanges(from) },
                "notDestinationIps" => match with { NotDestinationIps = ReadRanges(from) },
                "destinationPorts" => match with { DestinationPorts = ReadPorts(from) },
                "notDestinationPorts" => match with { NotDestinationPorts = ReadPorts(from) },
                _ => throw from.Problem($"unknown key {key} in a match"),
            };
        }

        return match;
    }

    private static ImmutableArray<TextMatch> ReadTexts(YamlCursor from)
    {
        if (!from.Enter(YamlEvent.SequenceStart, "text conditions")) return [];
        var texts = ImmutableArray.CreateBuilder<TextMatch>();
        while (true)
        {
            switch (from.Read())
            {
                case YamlEvent.SequenceEnd:
                    return texts.DrainToImmutable();
                case YamlEvent.Scalar:
                    texts.Add(ToText(from, from.Tag.Length > 0 || from.Text is not "Presence" ? from.Tag : "Presence", from.Text.ToString()));
                    break;
                case YamlEvent.MappingStart: // {"Exact": "x"}, as dumps write it.
                    if (!from.NextKey(out var kind)) throw from.Problem("a text condition is empty");
                    var name = kind.ToString();
                    texts.Add(ToText(from, name, from.ReadText(name).ToString()));
                    if (from.Read() != YamlEvent.MappingEnd) throw from.Problem("a text condition has one key");
                    break;
                default:
                    throw from.Problem("a text condition is a tagged text, such as !Exact x");
            }
        }
    }

    private static TextMatch ToText(YamlCursor from, string kind, string value) => kind switch
    {
        "Exact" => new TextMatch(TextMatchKind.Exact, value),
        "Prefix" => new TextMatch(TextMatchKind.Prefix, value),
        "Suffix" => new TextMatch(TextMatchKind.Suffix, value),
        "Presence" => new TextMatch(TextMatchKind.Presence, ""),
        _ => throw from.Problem("a text condition needs a tag: !Exact, !Prefix, !Suffix or !Presence"),
    };

    private static ImmutableArray<ServiceAccountMatch> ReadAccounts(YamlCursor from) => ReadList(
        from,
        "serviceAccounts",
        YamlEvent.MappingStart,
        static c =>
        {
            var account = default(ServiceAccountMatch);
            while (c.NextKey(out var key))
            {
                account = key switch
                {
                    "namespace" => account with { Namespace = c.ReadText("namespace").ToString() },
                    "serviceAccount" => account with { ServiceAccount = c.ReadText("serviceAccount").ToString() },
                    _ => throw c.Problem($"unknown key {key} in a service account"),
                };
            }

            return account;
        });

    private static ImmutableArray<AddressRange> ReadRanges(YamlCursor from) => ReadList(
        from,
        "address ranges",
        YamlEvent.Scalar,
        static c =>
        {
            var slash = c.Text.IndexOf('/');
            var address = c.ToAddress(slash < 0 ? c.Text : c.Text[..slash], "an address range");
            var most = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128;
            if (slash < 0) return new AddressRange(address, most);
            return int.TryParse(c.Text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= most
                ? new AddressRange(address, length)
                : throw c.Problem($"{c.Text} is not an address range");
        });

    private static ImmutableArray<ushort> ReadPorts(YamlCursor from) =>
        ReadList(from, "ports", YamlEvent.Scalar, static c => c.ToPort(c.Text, "a port"));
}
