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
        WriteAll(json, "serviceAccounts", match.ServiceAccounts, static a => $"{a.Namespace}/{a.ServiceAccount}");
        WriteAll(json, "notServiceAccounts", match.NotServiceAccounts, static a => $"{a.Namespace}/{a.ServiceAccount}");
        WriteAll(json, "sourceIps", match.SourceIps, static r => $"{r.Address}/{r.PrefixLength}");
        WriteAll(json, "notSourceIps", match.NotSourceIps, static r => $"{r.Address}/{r.PrefixLength}");
        WriteAll(json, "destinationIps", match.DestinationIps, static r => $"{r.Address}/{r.PrefixLength}");
        WriteAll(json, "notDestinationIps", match.NotDestinationIps, static r => $"{r.Address}/{r.PrefixLength}");
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

    private static void WriteAll<T>(Utf8JsonWriter json, string name, ImmutableArray<T> values, Func<T, string> text)
    {
        if (values.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(text(value));
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
