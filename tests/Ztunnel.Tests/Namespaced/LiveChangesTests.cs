using System.Net;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>What a push of the control plane does to connections that are open: it ends those it concerns, at once, and no other.</summary>
[Trait("Category", "Kernel")]
public sealed class LiveChangesTests
{
    private static readonly Workload Server = Lab.Pod("server", 3);

    private static Task<Lab> StartAsync(params object[] others) =>
        Lab.StartAsync(["client", "other", "server"], [Lab.Pod("client", 1), Lab.Pod("other", 2), Server, .. others]);

    private static PolicyMatch From(string account) => new()
    {
        Principals = [new TextMatch(TextMatchKind.Exact, $"cluster.local/ns/default/sa/{account}")],
    };

    [Fact]
    public async Task A_new_policy_ends_the_connections_it_denies_and_leaves_the_others()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["server"]);
        using var denied = Talk.Open(lab["client"], Lab.AddressOf(3));
        using var allowed = Talk.Open(lab["other"], Lab.AddressOf(3));
        using var plain = Talk.OpenPlain(lab["other"], Lab.AddressOf(3));
        Assert.All([denied, allowed, plain], static talk => Assert.Equal("one", talk.Say("one")));

        lab.ControlPlane.Publish(Lab.Deny("no-client", From("client")));
        denied.WaitForEnd();
        lab["server"].WaitForLine(
            "\terror\taccess\tconnection complete", "src.workload=\"client\"", "direction=\"inbound\"", "error=\"connection closed due to policy change\"");
        Assert.Equal("two", allowed.Say("two"));
        Assert.Equal("two", plain.Say("two"));
        Assert.Single(lab["server"].Lines, static line => line.Contains("due to policy change", StringComparison.Ordinal));
        Assert.Contains(
            lab["server"].Http(15020, "GET /metrics").Split('\n'),
            static line => line.StartsWith("istio_tcp_connections_closed_total", StringComparison.Ordinal)
                && line.Contains("response_flags=\"DENY\"", StringComparison.Ordinal) && line.Contains("source_workload=\"client\"", StringComparison.Ordinal));

        using (var late = Talk.Open(lab["client"], Lab.AddressOf(3))) Assert.Equal("", late.Say("three"));
        lab["server"].WaitForLine("error=\"connection closed due to policy rejection: explicitly denied by: default/no-client\"");

        lab.ControlPlane.RemovePolicy("default/no-client");
        Shell.WaitFor("the policy to be gone", () =>
        {
            using var again = Talk.Open(lab["client"], Lab.AddressOf(3));
            return again.Say("four") == "four";
        });
        Assert.Equal("three", allowed.Say("three"));
    }

    [Fact]
    public async Task A_policy_that_is_attached_to_a_workload_ends_what_it_denies_though_no_policy_changed()
    {
        var strict = new AuthorizationPolicy
        {
            Name = "strict",
            Namespace = "default",
            Scope = PolicyScope.WorkloadSelector,
            Action = PolicyAction.Deny,
            Rules = [new PolicyRule([new PolicyClause([new PolicyMatch { NotPrincipals = [new TextMatch(TextMatchKind.Presence, "")] }])])],
        };
        await using var lab = await StartAsync(strict);
        using var echo = new EchoServer(lab["server"]);
        using var mutual = Talk.Open(lab["client"], Lab.AddressOf(3));
        using var plain = Talk.OpenPlain(lab["client"], Lab.AddressOf(3));
        Assert.Equal(("one", "one"), (mutual.Say("one"), plain.Say("one")));

        lab.ControlPlane.Publish(Server with { AuthorizationPolicies = ["default/strict"] });
        plain.WaitForEnd();
        lab["server"].WaitForLine("direction=\"inbound\"", "dst.addr=10.95.0.3:8080", "error=\"connection closed due to policy change\"");
        Assert.Equal("two", mutual.Say("two"));
        using var late = Talk.OpenPlain(lab["client"], Lab.AddressOf(3));
        Assert.Equal("", late.Say("three"));
    }

    [Fact]
    public async Task A_peer_that_left_has_its_tunnels_cut_and_whoever_has_its_address_next_is_asked_who_it_is()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["server"]);
        using var elsewhere = new EchoServer(lab["other"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(3));
        using var unconcerned = Talk.Open(lab["client"], Lab.AddressOf(2));
        Assert.Equal(("one", "one"), (talk.Say("one"), unconcerned.Say("one")));

        // Another pod has the address now, as far as the control plane knows; the old one's proxy still answers there.
        lab.ControlPlane.Publish(
            Server with { Addresses = [IPAddress.Parse("10.95.0.33")] },
            Server with { Uid = "Kubernetes//Pod/default/heir", Name = "heir", ServiceAccount = "heir" });
        talk.WaitForEnd();
        lab["client"].WaitForLine("dst.workload=\"server\"", "direction=\"outbound\"", "error=\"connection closed: the peer changed or left\"");
        Assert.Equal("two", unconcerned.Say("two"));

        using (var late = Talk.Open(lab["client"], Lab.AddressOf(3))) Assert.Equal("", late.Say("three"));
        lab["client"].WaitForLine("dst.workload=\"heir\"", "error=\"WrongIdentity: the peer is spiffe://cluster.local/ns/default/sa/server");
    }

    [Fact]
    public async Task A_peer_that_changed_but_is_the_same_keeps_its_connections_and_its_tunnel()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(3));
        Assert.Equal("one", talk.Say("one"));
        lab.ControlPlane.Publish(Server with { CanonicalRevision = "v2" });
        Shell.WaitFor("the change", () => lab["client"].Http(15000, "GET /config_dump").Contains("\"v2\"", StringComparison.Ordinal));
        Assert.Equal("two", talk.Say("two"));
    }

    [Fact]
    public async Task Where_a_waypoint_is_required_only_the_waypoint_gets_in()
    {
        var api = Lab.Service("api", 10);
        var server = Lab.Backs(Server, api);
        await using var lab = await Lab.StartAsync(
            ["client", "waypoint", "server"],
            [Lab.Pod("client", 1), Lab.Pod("waypoint", 2), server, api],
            new Dictionary<string, string> { ["MESH_REQUIRE_WAYPOINT"] = "true" });
        using var echo = new EchoServer(lab["server"]);
        using var early = Talk.Open(lab["client"], Lab.AddressOf(3));
        using var earlyPlain = Talk.OpenPlain(lab["client"], Lab.AddressOf(3));
        Assert.Equal(("one", "one"), (early.Say("one"), earlyPlain.Say("one")));

        lab.ControlPlane.Publish(server with { Waypoint = new GatewayAddress(null, new NetworkAddress("", IPAddress.Parse(Lab.AddressOf(2))), 15008) });
        early.WaitForEnd();
        earlyPlain.WaitForEnd();

        // By the service's address the workload's waypoint is passed by, and the server notices.
        using (var passingBy = Talk.Open(lab["client"], Lab.VirtualAddressOf(10), 80)) Assert.Equal("", passingBy.Say("two"));
        lab["server"].WaitForLine(
            "direction=\"inbound\"", "traffic to default/server must come through its waypoint /10.95.0.2, and the client is spiffe://cluster.local/ns/default/sa/client");
        lab["client"].WaitForLine("direction=\"outbound\"", "dst.service=\"api.default.svc.cluster.local\"", "http status: 401");
        using (var plain = Talk.OpenPlain(lab["client"], Lab.AddressOf(3))) Assert.Equal("", plain.Say("two"));
        lab["server"].WaitForLine("direction=\"inbound\"", "and the client is nobody proven");

        using var proper = Talk.Open(lab["waypoint"], Lab.AddressOf(3));
        Assert.Equal("three", proper.Say("three"));
    }
}
