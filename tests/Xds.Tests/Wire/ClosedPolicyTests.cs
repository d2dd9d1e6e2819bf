using System.Net;
using Google.Protobuf;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Xds.Wire;
using Proto = Mesh.Xds.Protos.Security;

namespace Mesh.Xds.Tests.Wire;

/// <summary>What a policy does that is not understood: never less than it was meant to.</summary>
public sealed class ClosedPolicyTests
{
    private static readonly AuthorizationContext FromWeb = new(
        Ip.From(IPAddress.Parse("10.0.0.1")), Ip.From(IPAddress.Parse("10.0.0.2")), 80, new SpiffeId("cluster.local", "shop", "web"));

    private readonly WireDecoder _decoder = new();

    public static TheoryData<string> BadMatches => ["text", "address length", "prefix", "port", "newer matcher"];

    [Theory]
    [MemberData(nameof(BadMatches))]
    public void A_match_of_an_allow_that_is_not_understood_never_matches(string what)
    {
        var problem = Decode(Policy(Proto.Action.Allow, [Bad(what)]), out var policy);

        Assert.EndsWith(": kept closed", problem, StringComparison.Ordinal);
        Assert.Equal(Verdict.DeniedByDefault, VerdictOf(policy));
    }

    [Theory]
    [MemberData(nameof(BadMatches))]
    public void A_match_of_a_deny_that_is_not_understood_holds(string what)
    {
        Assert.NotNull(Decode(Policy(Proto.Action.Deny, [Bad(what)]), out var policy));

        Assert.Equal(Verdict.DeniedByRule, VerdictOf(policy));
    }

    [Fact]
    public void The_other_matches_of_an_allow_go_on_to_allow()
    {
        Assert.NotNull(Decode(Policy(Proto.Action.Allow, [Bad("text"), Namespace("shop")]), out var policy));

        Assert.Equal(Verdict.Allowed, VerdictOf(policy));
    }

    [Theory]
    [InlineData("shop", Verdict.DeniedByRule)]
    [InlineData("other", Verdict.Allowed)]
    public void The_other_clauses_of_a_deny_go_on_to_limit_it(string ns, Verdict verdict)
    {
        Assert.NotNull(Decode(Policy(Proto.Action.Deny, [Bad("text")], [Namespace(ns)]), out var policy));

        Assert.Equal(verdict, VerdictOf(policy));
    }

    [Theory]
    [InlineData(PolicyAction.Allow, Verdict.DeniedByDefault)]
    [InlineData(PolicyAction.Deny, Verdict.DeniedByRule)]
    public void Damaged_bytes_inside_of_a_policy_close_it(PolicyAction action, Verdict verdict)
    {
        var whole = new Proto.Authorization { Name = "p", Action = (Proto.Action)action }.ToByteArray();
        byte[] damagedRule = [.. whole, 0x2A, 1, 0x0A]; // A rule that ends inside of a clause's tag.
        byte[] damagedClause = [.. whole, 0x2A, 3, 0x0A, 1, 0x12];

        foreach (var bytes in new[] { damagedRule, damagedClause })
        {
            Assert.Equal("malformed protobuf: kept closed", PolicyWire.Decode(bytes, _decoder, out var policy));
            Assert.Equal(verdict, VerdictOf(policy));
        }
    }

    [Fact]
    public void An_action_of_a_newer_schema_denies_everything()
    {
        Assert.Equal("unknown policy action: kept closed", Decode(Policy((Proto.Action)7, [Namespace("other")]), out var policy));

        Assert.Equal(Verdict.DeniedByRule, VerdictOf(policy));
    }

    [Fact]
    public void A_scope_of_a_newer_schema_is_refused_rather_than_guessed()
    {
        Assert.Equal("unknown policy scope", Decode(new Proto.Authorization { Name = "p", Scope = (Proto.Scope)7 }, out var policy));

        Assert.Null(policy);
    }

    [Fact]
    public void The_action_may_come_after_the_rules()
    {
        var deny = new Proto.Authorization { Action = Proto.Action.Deny }.ToByteArray();
        var rules = Policy(Proto.Action.Allow, [Bad("text")]).ToByteArray();

        Assert.NotNull(PolicyWire.Decode([.. rules, .. deny], _decoder, out var policy));

        Assert.Equal(Verdict.DeniedByRule, VerdictOf(policy));
    }

    private static Proto.Match Namespace(string name) => new() { Namespaces = { new Proto.StringMatch { Exact = name } } };

    private static Proto.Match Bad(string what) => what switch
    {
        "text" => new Proto.Match { Namespaces = { new Proto.StringMatch() } },
        "address length" => new Proto.Match { NotSourceIps = { new Proto.Address { Address_ = ByteString.CopyFrom(1, 2, 3) } } },
        "prefix" => new Proto.Match { SourceIps = { new Proto.Address { Address_ = ByteString.CopyFrom(10, 0, 0, 1), Length = 33 } } },
        "port" => new Proto.Match { DestinationPorts = { 70_000 } },
        _ => Proto.Match.Parser.ParseFrom([0x0A, 3, 0x2A, 1, 0xFF]), // The text in a member of the oneof that nobody knows yet.
    };

    private static Proto.Authorization Policy(Proto.Action action, params Proto.Match[][] clauses)
    {
        var group = new Proto.Group();
        foreach (var matches in clauses) group.Rules.Add(new Proto.Rules { Matches = { matches } });
        return new Proto.Authorization { Name = "p", Action = action, Groups = { group } };
    }

    private static Verdict VerdictOf(AuthorizationPolicy? policy)
    {
        var mesh = new MeshSnapshotBuilder();
        mesh.Set(policy!);
        return mesh.Freeze().Policies.Authorize("shop", [], FromWeb).Verdict;
    }

    private string? Decode(Proto.Authorization message, out AuthorizationPolicy? policy) =>
        PolicyWire.Decode(message.ToByteArray(), _decoder, out policy);
}
