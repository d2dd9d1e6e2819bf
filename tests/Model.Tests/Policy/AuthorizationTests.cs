using System.Collections.Immutable;
using System.Net;
using Mesh.Identity;
using Mesh.Model.Policy;

namespace Mesh.Model.Tests.Policy;

public sealed class AuthorizationTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    private static AuthorizationContext From(SpiffeId? identity, string source = "10.0.0.1", ushort port = 8080) =>
        new(MeshOf.Ip(source), MeshOf.Ip("10.0.0.2"), port, identity);

    private static AuthorizationOutcome Decide(AuthorizationContext about, params AuthorizationPolicy[] policies) =>
        MeshOf.Snapshot([.. policies]).Policies.Authorize("shop", [], about);

    private static bool Matches(PolicyMatch match, AuthorizationContext about) =>
        !Decide(about, MeshOf.Policy("p", PolicyAction.Deny, match)).IsAllowed;

    private static ImmutableArray<TextMatch> Text(TextMatchKind kind, string value) => [new TextMatch(kind, value)];

    public static TheoryData<string, PolicyMatch, bool, bool> Operators => new()
    {
        // Name, match, holds for the identity web, holds for plaintext.
        { "principal exact", new PolicyMatch { Principals = Text(TextMatchKind.Exact, "cluster.local/ns/shop/sa/web") }, true, false },
        { "principal exact with scheme", new PolicyMatch { Principals = Text(TextMatchKind.Exact, "spiffe://cluster.local/ns/shop/sa/web") }, true, false },
        { "principal exact, other", new PolicyMatch { Principals = Text(TextMatchKind.Exact, "cluster.local/ns/shop/sa/db") }, false, false },
        { "principal prefix", new PolicyMatch { Principals = Text(TextMatchKind.Prefix, "cluster.local/ns/shop/") }, true, false },
        { "principal suffix", new PolicyMatch { Principals = Text(TextMatchKind.Suffix, "/sa/web") }, true, false },
        { "principal presence", new PolicyMatch { Principals = Text(TextMatchKind.Presence, "") }, true, false },
        { "not principal presence", new PolicyMatch { NotPrincipals = Text(TextMatchKind.Presence, "") }, false, true },
        { "not principal exact", new PolicyMatch { NotPrincipals = Text(TextMatchKind.Exact, "cluster.local/ns/shop/sa/web") }, false, true },
        { "namespace exact", new PolicyMatch { Namespaces = Text(TextMatchKind.Exact, "shop") }, true, false },
        { "namespace prefix", new PolicyMatch { Namespaces = Text(TextMatchKind.Prefix, "sh") }, true, false },
        { "namespace suffix", new PolicyMatch { Namespaces = Text(TextMatchKind.Suffix, "op") }, true, false },
        { "not namespace", new PolicyMatch { NotNamespaces = Text(TextMatchKind.Exact, "shop") }, false, true },
        { "account", new PolicyMatch { ServiceAccounts = [new ServiceAccountMatch("shop", "web")] }, true, false },
        { "account of another namespace", new PolicyMatch { ServiceAccounts = [new ServiceAccountMatch("bank", "web")] }, false, false },
        { "not account", new PolicyMatch { NotServiceAccounts = [new ServiceAccountMatch("shop", "web")] }, false, true },
        { "source range", new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse("10.0.0.0"), 24)] }, true, true },
        { "source address", new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse("10.0.0.1"), 32)] }, true, true },
        { "source elsewhere", new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse("10.0.1.0"), 24)] }, false, false },
        { "everywhere", new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse("0.0.0.0"), 0)] }, true, true },
        { "only IPv6", new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse("::"), 0)] }, false, false },
        { "not source", new PolicyMatch { NotSourceIps = [new AddressRange(IPAddress.Parse("10.0.0.0"), 8)] }, false, false },
        { "destination", new PolicyMatch { DestinationIps = [new AddressRange(IPAddress.Parse("10.0.0.2"), 32)] }, true, true },
        { "not destination", new PolicyMatch { NotDestinationIps = [new AddressRange(IPAddress.Parse("10.0.0.2"), 32)] }, false, false },
        { "port", new PolicyMatch { DestinationPorts = [80, 8080] }, true, true },
        { "other port", new PolicyMatch { DestinationPorts = [80] }, false, false },
        { "not port", new PolicyMatch { NotDestinationPorts = [8080] }, false, false },
        { "not other port", new PolicyMatch { NotDestinationPorts = [80] }, true, true },
        { "nothing said", new PolicyMatch(), false, false },
        { "two fields must both hold", new PolicyMatch { DestinationPorts = [8080], Namespaces = Text(TextMatchKind.Exact, "bank") }, false, false },
        { "positive and negative", new PolicyMatch { DestinationPorts = [8080], NotNamespaces = Text(TextMatchKind.Exact, "shop") }, false, true },
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void Each_operator_holds_when_it_should(string name, PolicyMatch match, bool forIdentity, bool forPlaintext)
    {
        Assert.True(Matches(match, From(Web)) == forIdentity, $"{name}, identity");
        Assert.True(Matches(match, From(null)) == forPlaintext, $"{name}, plaintext");
    }

    [Fact]
    public void Without_policies_everything_is_allowed() => Assert.Equal(Verdict.Allowed, Decide(From(null)).Verdict);

    [Fact]
    public void A_deny_wins_over_an_allow_and_names_itself()
    {
        var outcome = Decide(
            From(Web),
            MeshOf.Policy("open", PolicyAction.Allow, new PolicyMatch { DestinationPorts = [8080] }),
            MeshOf.Policy("shut", PolicyAction.Deny, new PolicyMatch { DestinationPorts = [8080] }));
        Assert.Equal((Verdict.DeniedByRule, "shop/shut"), (outcome.Verdict, outcome.Policy));
        Assert.Equal("explicitly denied by: shop/shut", outcome.Explain());
    }

    [Fact]
    public void With_an_allow_that_does_not_match_the_rest_is_denied() =>
        Assert.Equal(Verdict.DeniedByDefault, Decide(From(Web), MeshOf.Policy("a", PolicyAction.Allow, new PolicyMatch { DestinationPorts = [1] })).Verdict);

    [Fact]
    public void An_allow_without_rules_denies_everything_and_a_deny_without_rules_nothing()
    {
        Assert.Equal(Verdict.DeniedByDefault, Decide(From(Web), MeshOf.Policy("a", PolicyAction.Allow, null)).Verdict);
        Assert.Equal(Verdict.Allowed, Decide(From(Web), MeshOf.Policy("d", PolicyAction.Deny, null)).Verdict);
    }

    [Fact]
    public void A_rule_without_clauses_and_a_clause_without_matches_hold()
    {
        var noClauses = MeshOf.Policy("a", PolicyAction.Deny, null) with { Rules = [new PolicyRule([])] };
        var noMatches = MeshOf.Policy("a", PolicyAction.Deny, null) with { Rules = [new PolicyRule([new PolicyClause([])])] };
        Assert.Equal(Verdict.DeniedByRule, Decide(From(Web), noClauses).Verdict);
        Assert.Equal(Verdict.DeniedByRule, Decide(From(Web), noMatches).Verdict);
    }

    [Fact]
    public void All_clauses_of_a_rule_must_hold_and_any_match_of_a_clause_is_enough()
    {
        var port = new PolicyMatch { DestinationPorts = [8080] };
        var other = new PolicyMatch { DestinationPorts = [1] };
        var both = MeshOf.Policy("a", PolicyAction.Deny, null) with { Rules = [new PolicyRule([new PolicyClause([other, port]), new PolicyClause([other])])] };
        Assert.Equal(Verdict.Allowed, Decide(From(Web), both).Verdict);
        var any = MeshOf.Policy("a", PolicyAction.Deny, null) with { Rules = [new PolicyRule([new PolicyClause([other, port])])] };
        Assert.Equal(Verdict.DeniedByRule, Decide(From(Web), any).Verdict);
    }

    [Fact]
    public void Dry_run_policies_only_report()
    {
        var match = new PolicyMatch { DestinationPorts = [8080] };
        var outcome = Decide(
            From(Web), MeshOf.Policy("dd", PolicyAction.Deny, match, dryRun: true), MeshOf.Policy("da", PolicyAction.Allow, match, dryRun: true));
        Assert.Equal((Verdict.Allowed, "shop/dd", "shop/da"), (outcome.Verdict, outcome.DryRunDeny, outcome.DryRunAllow));
    }

    [Fact]
    public void Scope_decides_whom_a_policy_speaks_about()
    {
        var match = new PolicyMatch { DestinationPorts = [8080] };
        var global = MeshOf.Policy("g", PolicyAction.Deny, match, "root", PolicyScope.Global);
        var elsewhere = MeshOf.Policy("n", PolicyAction.Deny, match, "bank");
        var selected = MeshOf.Policy("s", PolicyAction.Deny, match, "shop", PolicyScope.WorkloadSelector);
        Assert.Equal("root/g", Decide(From(Web), global).Policy);
        Assert.True(Decide(From(Web), elsewhere, selected).IsAllowed);
        Assert.Equal("shop/s", MeshOf.Snapshot(selected).Policies.Authorize("shop", ["shop/s"], From(Web)).Policy);
    }

    [Fact]
    public void A_policy_that_was_not_received_is_skipped_or_left_undecided_but_a_deny_still_denies()
    {
        var none = MeshOf.Snapshot().Policies;
        Assert.Equal(Verdict.Allowed, none.Authorize("shop", ["shop/x"], From(Web)).Verdict);
        var undecided = none.Authorize("shop", ["shop/x"], From(Web), UnknownPolicy.Undecided);
        Assert.Equal((Verdict.Undecided, "shop/x"), (undecided.Verdict, undecided.Policy));
        var deny = MeshOf.Snapshot(MeshOf.Policy("d", PolicyAction.Deny, new PolicyMatch { DestinationPorts = [8080] })).Policies;
        Assert.Equal(Verdict.DeniedByRule, deny.Authorize("shop", ["shop/x"], From(Web), UnknownPolicy.Undecided).Verdict);
    }

    [Fact]
    public void Strict_mutual_TLS_as_the_control_plane_writes_it_refuses_plaintext_only()
    {
        var strict = MeshOf.Policy("istio_converted_static_strict", PolicyAction.Deny, new PolicyMatch { NotPrincipals = Text(TextMatchKind.Presence, "") }, "root", PolicyScope.WorkloadSelector);
        var policies = MeshOf.Snapshot(strict).Policies;
        Assert.True(policies.Authorize("shop", [strict.Key], From(Web)).IsAllowed);
        Assert.False(policies.Authorize("shop", [strict.Key], From(null)).IsAllowed);
    }

    [Fact]
    public void A_removed_or_changed_policy_takes_effect_with_the_next_snapshot()
    {
        var builder = new Model.Snapshot.MeshSnapshotBuilder();
        var deny = MeshOf.Policy("d", PolicyAction.Deny, new PolicyMatch { DestinationPorts = [8080] });
        builder.Set(deny);
        var before = builder.Freeze();
        builder.Set(deny with { Scope = PolicyScope.Global, Rules = [] });
        Assert.True(builder.Freeze().Policies.Authorize("shop", [], From(Web)).IsAllowed);
        builder.RemovePolicy("shop/d");
        Assert.Empty(builder.Freeze().Policies.All);
        Assert.False(before.Policies.Authorize("shop", [], From(Web)).IsAllowed);
    }

    [Fact]
    public void Ten_thousand_policies_are_evaluated_without_allocation()
    {
        var builder = new Model.Snapshot.MeshSnapshotBuilder();
        for (var i = 0; i < 10_000; i++)
        {
            var rules = Enumerable.Range(0, 10).Select(j => new PolicyRule([new PolicyClause([new PolicyMatch
            {
                Principals = Text(TextMatchKind.Exact, $"cluster.local/ns/n{i}/sa/a{j}"),
            }])]));
            builder.Set(MeshOf.Policy($"p{i}", PolicyAction.Deny, null) with { Rules = [.. rules] });
        }

        var policies = builder.Freeze().Policies;
        var about = From(Web);
        for (var i = 0; i < 100; i++) policies.Authorize("shop", [], about);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Assert.True(policies.Authorize("shop", [], about).IsAllowed);
        Assert.Equal(0, (GC.GetAllocatedBytesForCurrentThread() - before) / 10_000); // Per evaluation: the runtime may box once while it recompiles.
    }
}
