using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Tests.Decisions;

/// <summary>How connections spread over endpoints when each choice sees the load that the earlier ones made.</summary>
public sealed class LoadTests
{
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");
    private static readonly Workload Client = MeshOf.Pod("client", "10.0.0.1");

    private static Workload Endpoint(int number, uint capacity = 1, string node = "node-a") =>
        MeshOf.Pod($"api-{number}", $"10.0.{number / 250}.{(number % 250) + 2}").Backs(Api) with { Capacity = capacity, Node = node };

    private static RankedEndpoints Rank(Service service, params Workload[] endpoints)
    {
        var mesh = MeshOf.Snapshot([Client, service, .. endpoints]);
        return mesh.FindService(service.Key)!.RankFor(new EndpointQuery(mesh.FindWorkload(Client.Uid)!, 80, EndpointMode.Standard));
    }

    private static Experience Fill(RankedEndpoints ranked, int connections, Experience? experience = null)
    {
        experience ??= new Experience();
        var chance = new Chance(7);
        for (var i = 0; i < connections; i++) experience.Open(ranked.Choose(ref chance, experience)!.Workload);
        return experience;
    }

    [Fact]
    public void Connections_that_stay_spread_far_more_evenly_than_by_chance_alone()
    {
        var ranked = Rank(Api, [.. Enumerable.Range(1, 100).Select(i => Endpoint(i))]);
        var even = Fill(ranked, 10_000);
        Assert.InRange(even.Loads.Max(), 100, 104); // Two choices leave a gap of log log n; one alone leaves thirty and more.
        Assert.InRange(even.Loads.Min(), 96, 100);
        var blind = new Experience();
        var chance = new Chance(7);
        for (var i = 0; i < 10_000; i++) blind.Open(ranked.Choose(ref chance, load: null)!.Workload);
        Assert.True(blind.Loads.Max() > even.Loads.Max() + 10, $"{blind.Loads.Max()} without, {even.Loads.Max()} with load");
    }

    [Fact]
    public void Loads_end_up_in_proportion_to_capacity()
    {
        var experience = Fill(Rank(Api, Endpoint(1), Endpoint(2, capacity: 2), Endpoint(3, capacity: 5), Endpoint(4, capacity: 0)), 8000);
        Assert.InRange(experience.Of("api-1"), 980, 1020);
        Assert.InRange(experience.Of("api-2"), 1980, 2020);
        Assert.InRange(experience.Of("api-3"), 4960, 5040);
        Assert.Equal(0, experience.Of("api-4"));
    }

    [Fact]
    public void A_busy_endpoint_rests_until_the_others_have_caught_up()
    {
        var experience = new Experience();
        var ranked = Rank(Api, Endpoint(1), Endpoint(2), Endpoint(3));
        for (var i = 0; i < 300; i++) experience.Open(ranked.Candidates[0].Workload);
        Fill(ranked, 300, experience);
        Assert.InRange(experience.Of("api-1"), 300, 310);
    }

    [Fact]
    public void Load_never_sends_anybody_to_an_endpoint_of_a_lower_rank()
    {
        var near = Api with { LoadBalancing = new LoadBalancing(LoadBalancingMode.Failover, [LoadBalancingScope.Node], HealthPolicy.OnlyHealthy) };
        var experience = Fill(Rank(near, Endpoint(1), Endpoint(2, node: "node-b"), Endpoint(3, node: "node-b")), 1000);
        Assert.Equal(1000, experience.Of("api-1"));
    }

    [Fact]
    public void An_endpoint_that_failed_just_now_is_chosen_by_nobody_else_that_can_be()
    {
        var experience = new Experience { Ejected = { "api-2" } };
        Fill(Rank(Api, Endpoint(1), Endpoint(2), Endpoint(3)), 3000, experience);
        Assert.Equal(0, experience.Of("api-2"));
        Assert.InRange(experience.Of("api-1"), 1450, 1550);
    }

    [Fact]
    public void A_lone_survivor_among_many_that_failed_is_found()
    {
        var experience = new Experience();
        foreach (var i in Enumerable.Range(1, 199)) experience.Ejected.Add($"api-{i}");
        Fill(Rank(Api, [.. Enumerable.Range(1, 200).Select(i => Endpoint(i))]), 500, experience);
        Assert.Equal(500, experience.Of("api-200"));
    }

    [Fact]
    public void When_all_failed_they_are_chosen_as_if_none_had()
    {
        var experience = new Experience { Ejected = { "api-1", "api-2", "api-3" } };
        Fill(Rank(Api, Endpoint(1), Endpoint(2), Endpoint(3)), 3000, experience);
        Assert.All(experience.Loads, load => Assert.InRange(load, 500, 1500));
    }

    [Fact]
    public void A_retry_prefers_what_neither_was_tried_nor_failed()
    {
        var experience = new Experience { Ejected = { "api-2" } };
        var ranked = Rank(Api, Endpoint(1), Endpoint(2), Endpoint(3));
        MeshWorkload Of(string name) => ranked.Candidates.Single(c => c.Workload.Name == name).Workload;
        for (var seed = 0UL; seed < 50; seed++)
        {
            var chance = new Chance(seed);
            Assert.Equal("api-3", ranked.Choose(ref chance, experience, [Of("api-1")])!.Workload.Name);
            Assert.Equal("api-2", ranked.Choose(ref chance, experience, [Of("api-1"), Of("api-3")])!.Workload.Name);
            Assert.Null(ranked.Choose(ref chance, experience, [Of("api-1"), Of("api-2"), Of("api-3")]));
        }
    }

    [Fact]
    public void A_route_says_how_many_there_were_to_choose_from()
    {
        var one = MeshOf.Snapshot(Client, Api, Endpoint(1));
        var three = MeshOf.Snapshot(Client, Api, Endpoint(1), Endpoint(2), Endpoint(3));
        static int Choices(MeshSnapshot mesh) => OutboundRouter.Decide(
            mesh, new OutboundQuery(mesh.FindWorkload(Client.Uid)!, MeshOf.Ip("10.0.0.1"), MeshOf.IpPort("10.96.0.10:80")), new Chance(1)).Choices;
        Assert.Equal((1, 3), (Choices(one), Choices(three)));
    }

    [Fact]
    public void A_service_behind_one_waypoint_has_no_other_to_try_however_many_endpoints_it_has()
    {
        var mesh = MeshOf.Snapshot(Client, Api with { Waypoint = MeshOf.At("10.9.0.9") }, Endpoint(1), Endpoint(2), MeshOf.Pod("waypoint", "10.9.0.9"));
        var query = new OutboundQuery(mesh.FindWorkload(Client.Uid)!, MeshOf.Ip("10.0.0.1"), MeshOf.IpPort("10.96.0.10:80"));
        Assert.Equal(1, OutboundRouter.Decide(mesh, query, new Chance(1)).Choices);
    }

    [Fact]
    public void A_workload_that_changed_is_the_same_by_its_uid_and_another_one_is_not()
    {
        var before = MeshOf.Snapshot(Endpoint(1)).FindWorkload(Endpoint(1).Uid)!;
        var after = MeshOf.Snapshot(Endpoint(1, capacity: 9, node: "node-c")).FindWorkload(Endpoint(1).Uid)!;
        var other = MeshOf.Snapshot(Endpoint(2)).FindWorkload(Endpoint(2).Uid)!;
        var odd = MeshOf.Snapshot(Endpoint(1) with { Uid = "elsewhere" }).FindWorkload("elsewhere")!;
        Assert.True(MeshWorkload.ByUid.Equals(before, after));
        Assert.Equal(MeshWorkload.ByUid.GetHashCode(before), MeshWorkload.ByUid.GetHashCode(after));
        Assert.False(MeshWorkload.ByUid.Equals(before, other));
        Assert.False(MeshWorkload.ByUid.Equals(before, odd));
    }

    private sealed class Experience : IEndpointLoad
    {
        private readonly Dictionary<string, int> _open = [];

        public HashSet<string> Ejected { get; } = [];

        public IEnumerable<int> Loads => _open.Values;

        public void Open(MeshWorkload workload) => _open[workload.Name] = Of(workload.Name) + 1;

        public int Of(string name) => _open.GetValueOrDefault(name);

        public int LoadOf(MeshWorkload workload) => Of(workload.Name);

        public bool IsEjected(MeshWorkload workload) => Ejected.Contains(workload.Name);
    }
}
