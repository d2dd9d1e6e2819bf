using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>
/// istio.security.Authorization to <see cref="AuthorizationPolicy"/> and back. Pure; a problem is a text for the rejection. A policy with a
/// problem is kept closed where its scope is known, for without it everything might be allowed: of an ALLOW, what is not understood never
/// matches; of a DENY it always holds; an unknown action denies everything.
/// </summary>
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

    /// <summary>The policy and why its bytes are to be rejected; with a problem, the policy is the closed one, or null when none can be made.</summary>
    public static string? Decode(ReadOnlySpan<byte> message, WireDecoder shared, out AuthorizationPolicy? policy)
    {
        policy = null;
        string name = "", ns = "";
        ulong scope = 0, action = 0;
        var dryRun = false;
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
        }
        if (reader.Malformed) return Problems.Malformed;
        if (name.Length == 0) return Problems.NoName;
        if (scope > (ulong)PolicyScope.WorkloadSelector) return Problems.UnknownScope; // To whom it applies cannot be guessed.
        policy = new AuthorizationPolicy
        {
            Name = name,
            Namespace = ns,
            Scope = (PolicyScope)scope,
            Action = action == (ulong)PolicyAction.Allow ? PolicyAction.Allow : PolicyAction.Deny,
            DryRun = dryRun,
        };
        var problem = action > (ulong)PolicyAction.Deny ? Problems.UnknownAction : null;
        policy = policy with { Rules = problem is null ? DecodeRules(message, policy.Action, shared, ref problem) : [Everything] };
        return problem is null ? null : problem + Problems.KeptClosed;
    }

    private static PolicyRule Everything => new([]);

    /// <summary>Fields may come in any order, and what a bad rule means depends on the action: so rules are read after it.</summary>
    private static ImmutableArray<PolicyRule> DecodeRules(ReadOnlySpan<byte> message, PolicyAction action, WireDecoder shared, ref string? problem)
    {
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(5)) continue;
            if (DecodeRule(reader.Bytes, action, shared, ref problem) is { } rule) rules.Add(rule);
        }
        return rules.ToImmutable();
    }

    /// <summary>Null: an ALLOW rule that never matches.</summary>
    private static PolicyRule? DecodeRule(ReadOnlySpan<byte> message, PolicyAction action, WireDecoder shared, ref string? problem)
    {
        var clauses = ImmutableArray.CreateBuilder<PolicyClause>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(1)) clauses.Add(DecodeClause(reader.Bytes, action, shared, ref problem));
        }
        if (!reader.Malformed) return new PolicyRule(clauses.ToImmutable());
        problem ??= Problems.Malformed;
        return action == PolicyAction.Allow ? null : Everything;
    }

    private static PolicyClause DecodeClause(ReadOnlySpan<byte> message, PolicyAction action, WireDecoder shared, ref string? problem)
    {
        var matches = ImmutableArray.CreateBuilder<PolicyMatch>();
        string? own = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(2)) continue;
            var bad = MatchWire.Decode(reader.Bytes, shared, out var match);
            own ??= bad;
            matches.Add(bad is null ? match! : new PolicyMatch()); // An empty match never matches; as the only one it keeps the clause from holding.
        }
        if (reader.Malformed) (own, matches) = (Problems.Malformed, ImmutableArray.CreateBuilder<PolicyMatch>());
        if (own is null) return new PolicyClause(matches.ToImmutable());
        problem ??= own;
        if (action == PolicyAction.Deny) return new PolicyClause([]); // Without alternatives a clause holds.
        if (matches.Count == 0) matches.Add(new PolicyMatch());
        return new PolicyClause(matches.ToImmutable());
    }
}
