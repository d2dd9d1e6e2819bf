using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Tests.Decisions;

public sealed class EndpointChoiceTests
{
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");

    private static Workload Endpoint(int number, string region = "", string zone = "", string node = "node-a", uint capacity = 1, string network = "") =>
        MeshOf.Pod($"api-{number}", $"10.0.1.{number}").Backs(Api) with
        {
            Locality = new Locality(region, zone, ""),
            Node = node,
            Capacity = capacity,
            Network = network,
            NetworkGateway = MeshOf.At("10.9.9.9"),
        };

    private static string[] Ranked(Service service, params Workload[] endpoints)
    {
        var client = MeshOf.Pod("client", "10.0.0.1") with { Locality = new Locality("eu", "eu-1", ""), Node = "node-a" };
        var mesh = MeshOf.Snapshot([client, service, .. endpoints]);
        var ranked = mesh.FindService(service.Key)!.RankFor(new EndpointQuery(mesh.FindWorkload(client.Uid)!, 80, EndpointMode.Standard));
        return [.. ranked.Candidates.Select(c => c.Workload.Name)];
    }

    private static Service With(LoadBalancingMode mode, params LoadBalancingScope[] scopes) =>
        Api with { LoadBalancing = new LoadBalancing(mode, [.. scopes], HealthPolicy.OnlyHealthy) };

    [Fact]
    public void Without_preference_all_endpoints_are_equal() =>
        Assert.Equal(["api-1", "api-2"], Ranked(Api, Endpoint(1, "eu"), Endpoint(2, "us")));

    [Fact]
    public void Failover_keeps_the_nearest() =>
        Assert.Equal(
            ["api-2"],
            Ranked(With(LoadBalancingMode.Failover, LoadBalancingScope.Region, LoadBalancingScope.Zone), Endpoint(1, "eu", "eu-2"), Endpoint(2, "eu", "eu-1"), Endpoint(3, "us")));

    [Fact]
    public void Failover_goes_elsewhere_when_nothing_is_near() =>
        Assert.Equal(["api-3"], Ranked(With(LoadBalancingMode.Failover, LoadBalancingScope.Region), Endpoint(3, "us")));

    [Fact]
    public void Counting_stops_at_the_first_mismatch() =>
        Assert.Equal(
            ["api-1", "api-2"],
            Ranked(With(LoadBalancingMode.Failover, LoadBalancingScope.Region, LoadBalancingScope.Node), Endpoint(1, "us", node: "node-a"), Endpoint(2, "us", node: "node-b")));

    [Fact]
    public void Strict_drops_what_does_not_match_every_scope() =>
        Assert.Empty(Ranked(With(LoadBalancingMode.Strict, LoadBalancingScope.Region, LoadBalancingScope.Node), Endpoint(1, "eu", node: "node-b")));

    [Fact]
    public void A_leading_network_is_preferred_and_other_networks_still_rank_among_themselves()
    {
        var service = With(LoadBalancingMode.Failover, LoadBalancingScope.Network, LoadBalancingScope.Region);
        Assert.Equal(["api-1"], Ranked(service, Endpoint(1, "us"), Endpoint(2, "eu", network: "west")));
        Assert.Equal(["api-2"], Ranked(service, Endpoint(2, "eu", network: "west"), Endpoint(3, "us", network: "west")));
    }

    [Fact]
    public void Capacity_zero_takes_nothing_and_the_rest_is_drawn_in_proportion()
    {
        var client = MeshOf.Pod("client", "10.0.0.1");
        var mesh = MeshOf.Snapshot(client, Api, Endpoint(1, capacity: 0), Endpoint(2, capacity: 1), Endpoint(3, capacity: 3));
        var ranked = mesh.FindService(Api.Key)!.RankFor(new EndpointQuery(mesh.FindWorkload(client.Uid)!, 80, EndpointMode.Standard));
        var chance = new Chance(42);
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < 4000; i++)
        {
            var name = ranked.Choose(ref chance, load: null)!.Workload.Name;
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        Assert.Equal(2, counts.Count);
        Assert.InRange(counts["api-2"], 850, 1150);
        Assert.InRange(counts["api-3"], 2850, 3150);
    }

    [Fact]
    public void Of_two_drawn_the_less_busy_one_is_taken()
    {
        var client = MeshOf.Pod("client", "10.0.0.1");
        var mesh = MeshOf.Snapshot(client, Api, Endpoint(1), Endpoint(2));
        var ranked = mesh.FindService(Api.Key)!.RankFor(new EndpointQuery(mesh.FindWorkload(client.Uid)!, 80, EndpointMode.Standard));
        var chance = new Chance(1);
        var busy = new Busy("api-1");
        var chosen = Enumerable.Range(0, 400).Count(_ => ranked.Choose(ref chance, busy)!.Workload.Name == "api-1");
        Assert.InRange(chosen, 0, 40); // Only when no other came in several draws.
    }

    [Fact]
    public void A_retry_never_draws_what_was_tried_and_ends_when_all_were()
    {
        var client = MeshOf.Pod("client", "10.0.0.1");
        var mesh = MeshOf.Snapshot(client, Api, Endpoint(1), Endpoint(2), Endpoint(3));
        var ranked = mesh.FindService(Api.Key)!.RankFor(new EndpointQuery(mesh.FindWorkload(client.Uid)!, 80, EndpointMode.Standard));
        var chance = new Chance(5);
        var tried = new List<MeshWorkload>();
        while (ranked.Choose(ref chance, null, tried.ToArray()) is { } next) tried.Add(next.Workload);
        Assert.Equal(3, tried.Distinct().Count());
        Assert.Equal(3, tried.Count);
    }

    private sealed class Busy(string name) : IEndpointLoad
    {
        public int LoadOf(MeshWorkload workload) => workload.Name == name ? 10 : 0;

        public bool IsEjected(MeshWorkload workload) => false;
    }
}
