using System.Collections.Immutable;
using System.Net;
using Mesh.Identity;
using Mesh.Model.Policy;

namespace Mesh.Model.Tests.Policy;

/// <summary>In which order policies speak, what empty lists mean, and the operators' less obvious rows.</summary>
public sealed class DecisionOrderTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    private static readonly PolicyMatch Holds = new() { DestinationPorts = [8080] };
    private static readonly PolicyMatch Fails = new() { DestinationPorts = [1] };

    private static AuthorizationContext From(SpiffeId? identity, string source = "10.0.0.1", string destination = "10.0.0.2") =>
        new(MeshOf.Ip(source), MeshOf.Ip(destination), 8080, identity);

    private static AuthorizationPolicy Policy(string name, PolicyAction action, PolicyMatch match, bool dryRun = false, PolicyScope scope = PolicyScope.Namespace) =>
        MeshOf.Policy(name, action, match, scope == PolicyScope.Global ? "root" : "shop", scope, dryRun);

    private static AuthorizationOutcome Decide(params AuthorizationPolicy[] policies) =>
        MeshOf.Snapshot([.. policies]).Policies.Authorize(
            "shop", [.. policies.Where(static p => p.Scope == PolicyScope.WorkloadSelector).Select(static p => p.Key)], From(Web));

    private static bool Matches(PolicyMatch match, AuthorizationContext about) =>
        !MeshOf.Snapshot(MeshOf.Policy("p", PolicyAction.Deny, match)).Policies.Authorize("shop", [], about).IsAllowed;

    // Enforced DENY, enforced ALLOW, dry-run DENY, dry-run ALLOW: absent (-), there but not matching (n), matching (y).
    [Theory]
    [InlineData("----", Verdict.Allowed)]
    [InlineData("n---", Verdict.Allowed)]
    [InlineData("y---", Verdict.DeniedByRule)]
    [InlineData("-n--", Verdict.DeniedByDefault)]
    [InlineData("-y--", Verdict.Allowed)]
    [InlineData("nn--", Verdict.DeniedByDefault)]
    [InlineData("ny--", Verdict.Allowed)]
    [InlineData("yn--", Verdict.DeniedByRule)]
    [InlineData("yy--", Verdict.DeniedByRule)]
    [InlineData("--n-", Verdict.Allowed)]
    [InlineData("--y-", Verdict.Allowed)]
    [InlineData("---n", Verdict.Allowed)]
    [InlineData("---y", Verdict.Allowed)]
    [InlineData("-n-y", Verdict.DeniedByDefault)]
    [InlineData("-y-n", Verdict.Allowed)]
    [InlineData("-yy-", Verdict.Allowed)]
    [InlineData("n-y-", Verdict.Allowed)]
    [InlineData("y--y", Verdict.DeniedByRule)]
    public void Deny_then_allow_then_nothing_and_dry_runs_never_decide(string row, Verdict expected)
    {
        var policies = new List<AuthorizationPolicy>();
        for (var i = 0; i < row.Length; i++)
        {
            if (row[i] == '-') continue;
            policies.Add(Policy($"p{i}", i % 2 == 0 ? PolicyAction.Deny : PolicyAction.Allow, row[i] == 'y' ? Holds : Fails, dryRun: i >= 2));
        }

        var outcome = Decide([.. policies]);
        Assert.Equal(expected, outcome.Verdict);
        Assert.Equal(row[2] == 'y' ? "shop/p2" : null, outcome.DryRunDeny);
        if (expected == Verdict.DeniedByRule) Assert.Equal("shop/p0", outcome.Policy);
    }

    [Theory]
    [InlineData(PolicyScope.Global)]
    [InlineData(PolicyScope.Namespace)]
    [InlineData(PolicyScope.WorkloadSelector)]
    public void An_allow_of_any_scope_shuts_out_what_no_allow_of_any_scope_lets_in(PolicyScope scope)
    {
        Assert.Equal(Verdict.DeniedByDefault, Decide(Policy("a", PolicyAction.Allow, Fails, scope: scope)).Verdict);
        foreach (var other in Enum.GetValues<PolicyScope>())
        {
            Assert.Equal(
                Verdict.Allowed, Decide(Policy("a", PolicyAction.Allow, Fails, scope: scope), Policy("b", PolicyAction.Allow, Holds, scope: other)).Verdict);
            Assert.Equal(
                Verdict.DeniedByRule, Decide(Policy("a", PolicyAction.Allow, Holds, scope: scope), Policy("d", PolicyAction.Deny, Holds, scope: other)).Verdict);
        }
    }

    [Fact]
    public void Any_of_several_values_is_enough_and_any_of_several_negated_ones_is_too_much()
    {
        ImmutableArray<TextMatch> two = [new TextMatch(TextMatchKind.Exact, "cluster.local/ns/shop/sa/db"), new TextMatch(TextMatchKind.Exact, "cluster.local/ns/shop/sa/web")];
        Assert.True(Matches(new PolicyMatch { Principals = two }, From(Web)));
        Assert.False(Matches(new PolicyMatch { NotPrincipals = two }, From(Web)));
        Assert.True(Matches(new PolicyMatch { NotPrincipals = two }, From(new SpiffeId("cluster.local", "shop", "cart"))));
    }

    [Theory]
    [InlineData("spiffe://cluster.local/ns/shop/", true)]
    [InlineData("spiffe://elsewhere/", false)]
    public void A_prefix_is_compared_without_the_scheme(string prefix, bool holds) =>
        Assert.Equal(holds, Matches(new PolicyMatch { Principals = [new TextMatch(TextMatchKind.Prefix, prefix)] }, From(Web)));

    [Fact]
    public void An_account_is_the_same_in_any_trust_domain_and_a_principal_is_not()
    {
        var elsewhere = new SpiffeId("other.domain", "shop", "web");
        Assert.True(Matches(new PolicyMatch { ServiceAccounts = [new ServiceAccountMatch("shop", "web")] }, From(elsewhere)));
        Assert.False(Matches(new PolicyMatch { Principals = [new TextMatch(TextMatchKind.Exact, "cluster.local/ns/shop/sa/web")] }, From(elsewhere)));
    }

    [Fact]
    public void A_namespace_is_present_with_an_identity_only()
    {
        var present = new PolicyMatch { Namespaces = [new TextMatch(TextMatchKind.Presence, "")] };
        Assert.True(Matches(present, From(Web)));
        Assert.False(Matches(present, From(null)));
        Assert.True(Matches(new PolicyMatch { NotNamespaces = [new TextMatch(TextMatchKind.Presence, "")] }, From(null)));
    }

    [Theory]
    [InlineData("fd00::", 8, "fd00::1", true)]
    [InlineData("fd00::", 8, "fe00::1", false)]
    [InlineData("10.0.0.0", 8, "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.1", 32, "10.0.0.2", false)]
    [InlineData("10.0.0.0", 31, "10.0.0.1", true)]
    [InlineData("10.0.0.0", 31, "10.0.0.2", false)]
    public void Ranges_hold_for_their_family_and_mapped_addresses_are_what_they_map(string network, int bits, string source, bool holds) =>
        Assert.Equal(
            holds, Matches(new PolicyMatch { SourceIps = [new AddressRange(IPAddress.Parse(network), bits)] }, From(Web, source, source.Contains(':') ? "fd00::2" : "10.0.0.2")));

    [Fact]
    public void An_empty_match_beside_one_that_holds_is_passed_over()
    {
        var rule = MeshOf.Policy("d", PolicyAction.Deny, null) with { Rules = [new PolicyRule([new PolicyClause([new PolicyMatch(), Holds])])] };
        Assert.Equal(Verdict.DeniedByRule, Decide(rule).Verdict);
        var only = MeshOf.Policy("d", PolicyAction.Deny, null) with { Rules = [new PolicyRule([new PolicyClause([new PolicyMatch()])])] };
        Assert.Equal(Verdict.Allowed, Decide(only).Verdict);
    }

    [Fact]
    public void Any_rule_of_a_policy_is_enough()
    {
        var policy = MeshOf.Policy("d", PolicyAction.Deny, null) with
        {
            Rules = [new PolicyRule([new PolicyClause([Fails])]), new PolicyRule([new PolicyClause([Holds])])],
        };
        Assert.Equal(Verdict.DeniedByRule, Decide(policy).Verdict);
    }
}
