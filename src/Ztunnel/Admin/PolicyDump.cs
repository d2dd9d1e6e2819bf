using System.Collections.Immutable;
using System.Text.Json;
using Mesh.Model;

namespace Mesh.Ztunnel.Admin;

/// <summary>Policies as the dump shows them: text conditions are objects such as <c>{"Exact": "x"}</c>.</summary>
internal static class PolicyDump
{
    public static void Write(Utf8JsonWriter json, AuthorizationPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("name", policy.Name);
        json.WriteString("namespace", policy.Namespace);
        json.WriteString("scope", policy.Scope.ToString());
        json.WriteString("action", policy.Action.ToString());
        json.WriteBoolean("dryRun", policy.DryRun);
        json.WriteStartArray("rules");
        foreach (var rule in policy.Rules)
        {
            json.WriteStartArray();
            foreach (var clause in rule.Clauses)
            {
                json.WriteStartArray();
                foreach (var match in clause.Matches) WriteMatch(json, match);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMatch(Utf8JsonWriter json, PolicyMatch match)
    {
        json.WriteStartObject();
        WriteTexts(json, "namespaces", match.Namespaces);
        WriteTexts(json, "notNamespaces", match.NotNamespaces);
        WriteTexts(json, "principals", match.Principals);
        WriteTexts(json, "notPrincipals", match.NotPrincipals);
        WriteAccounts(json, "serviceAccounts", match.ServiceAccounts);
        WriteAccounts(json, "notServiceAccounts", match.NotServiceAccounts);
        WriteRanges(json, "sourceIps", match.SourceIps);
        WriteRanges(json, "notSourceIps", match.NotSourceIps);
        WriteRanges(json, "destinationIps", match.DestinationIps);
        WriteRanges(json, "notDestinationIps", match.NotDestinationIps);
        WritePorts(json, "destinationPorts", match.DestinationPorts);
        WritePorts(json, "notDestinationPorts", match.NotDestinationPorts);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, ImmutableArray<TextMatch> texts)
    {
        if (texts.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStartObject();
            json.WriteString(text.Kind.ToString(), text.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAccounts(Utf8JsonWriter json, string name, ImmutableArray<ServiceAccountMatch> accounts)
    {
        if (accounts.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var account in accounts)
        {
            json.WriteStartObject();
            json.WriteString("namespace", account.Namespace);
            json.WriteString("serviceAccount", account.ServiceAccount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRanges(Utf8JsonWriter json, string name, ImmutableArray<AddressRange> ranges)
    {
        if (ranges.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var range in ranges) json.WriteStringValue($"{range.Address}/{range.PrefixLength}");
        json.WriteEndArray();
    }

    private static void WritePorts(Utf8JsonWriter json, string name, ImmutableArray<ushort> ports)
    {
        if (ports.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var port in ports) json.WriteNumberValue(port);
        json.WriteEndArray();
    }
}
