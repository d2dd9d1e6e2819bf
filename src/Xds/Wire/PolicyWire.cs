using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>istio.security.Authorization to <see cref="AuthorizationPolicy"/> and back. Pure; a problem is a text for the rejection.</summary>
internal static class PolicyWire
{
    public static void Encode(ProtoWriter writer, AuthorizationPolicy policy)
    {
        writer.Text(1, policy.Name);
        writer.Text(2, policy.Namespace);
        writer.Number(3, (ulong)policy.Scope);
        writer.Number(4, (ulong)policy.Action);
        foreach (var rule in policy.Rules)
        {
            var group = writer.Begin(5);
            foreach (var clause in rule.Clauses)
            {
                var rules = writer.Begin(1);
                foreach (var match in clause.Matches)
                {
                    var start = writer.Begin(2);
                    MatchWire.Encode(writer, match);
                    writer.End(start);
                }
                writer.End(rules);
            }
            writer.End(group);
        }
        writer.Flag(6, policy.DryRun);
    }

    public static string? Decode(ReadOnlySpan<byte> message, WireDecoder shared, out AuthorizationPolicy? policy)
    {
        policy = null;
        string name = "", ns = "";
        ulong scope = 0, action = 0;
        var dryRun = false;
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(1) || reader.IsBytes(2))
            {
                if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
                if (reader.Field == 1) name = text;
                else ns = text;
            }
            else if (reader.IsNumber(3)) scope = reader.Number;
            else if (reader.IsNumber(4)) action = reader.Number;
            else if (reader.IsNumber(6)) dryRun = reader.Number != 0;
            else if (reader.IsBytes(5))
            {
                if (DecodeRule(reader.Bytes, shared, out var rule) is { } problem) return problem;
                rules.Add(rule!);
            }
        }
        if (reader.Malformed) return Problems.Malformed;
        if (name.Length == 0) return Problems.NoName;
        // Guessing what a newer scope or action means could open traffic: refuse the policy and say so.
        if (scope > (ulong)PolicyScope.WorkloadSelector) return Problems.UnknownScope;
        if (action > (ulong)PolicyAction.Deny) return Problems.UnknownAction;
        policy = new AuthorizationPolicy
        {
            Name = name,
            Namespace = ns,
            Scope = (PolicyScope)scope,
            Action = (PolicyAction)action,
            DryRun = dryRun,
            Rules = rules.ToImmutable(),
        };
        return null;
    }

    private static string? DecodeRule(ReadOnlySpan<byte> message, WireDecoder shared, out PolicyRule? rule)
    {
        rule = null;
        var clauses = ImmutableArray.CreateBuilder<PolicyClause>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(1)) continue;
            if (DecodeClause(reader.Bytes, shared, out var clause) is { } problem) return problem;
            clauses.Add(clause!);
        }
        if (reader.Malformed) return Problems.Malformed;
        rule = new PolicyRule(clauses.ToImmutable());
        return null;
    }

    private static string? DecodeClause(ReadOnlySpan<byte> message, WireDecoder shared, out PolicyClause? clause)
    {
        clause = null;
        var matches = ImmutableArray.CreateBuilder<PolicyMatch>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(2)) continue;
            if (MatchWire.Decode(reader.Bytes, shared, out var match) is { } problem) return problem;
            matches.Add(match!);
        }
        if (reader.Malformed) return Problems.Malformed;
        clause = new PolicyClause(matches.ToImmutable());
        return null;
    }
}
