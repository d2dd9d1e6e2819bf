using System.Collections.Immutable;
using System.Net;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Dns;

namespace Mesh.Ztunnel.Tests.Dns;

/// <summary>Which names the mesh answers, one row of the reference after the other.</summary>
public sealed class MeshNamesTests
{
    private const string Client = "shop";
    private static readonly MeshNames Names = new("cluster.local", preferredNamespace: null, search: null);

    private readonly MeshSnapshotBuilder _mesh = new();

    private static string HostOf(string name, string ns) => $"{name}.{ns}.svc.cluster.local";

    private void Add(
        string name, string ns, string[]? vips = null, string? host = null, bool canonical = false, ServiceVisibility visibility = default, IpFamilies families = default,
        HealthPolicy health = default) =>
        _mesh.Set(new Service
        {
            Name = name,
            Namespace = ns,
            Hostname = host ?? HostOf(name, ns),
            Addresses = [.. (vips ?? []).Select(vip => vip.Split('@') is [var ip, var network] ? new VirtualAddress(network, IPAddress.Parse(ip)) : new VirtualAddress("", IPAddress.Parse(vip)))],
            Canonical = canonical,
            Visibility = visibility,
            IpFamilies = families,
            LoadBalancing = health == HealthPolicy.AllowAll ? new LoadBalancing(default, [], health) : null,
        });

    private void AddPod(string name, string service, string ns, string[] addresses, bool healthy = true, string network = "") => _mesh.Set(new Workload
    {
        Uid = $"c//Pod/{ns}/{name}",
        Name = name,
        Namespace = ns,
        Network = network,
        Addresses = [.. addresses.Select(IPAddress.Parse)],
        Status = healthy ? HealthStatus.Healthy : HealthStatus.Unhealthy,
        Services = [new WorkloadService(new NamespacedHostname(ns, HostOf(service, ns)), [])],
    });

    private MeshName? Find(string name, string ns = Client, MeshNames? names = null) =>
        (names ?? Names).TryFind(_mesh.Freeze(), ns, name, out var found) ? found : null;

    private string[] Addresses(string name, bool v4 = true, string network = "", string ns = Client)
    {
        var found = Assert.NotNull(Find(name, ns));
        var into = new Ip[NameAddresses.AddressesMax];
        var count = NameAddresses.Collect(found, network, v4, new Random(1), into);
        return [.. into[..count].Select(ip => ip.ToString()).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("web")] // One label: the client's namespace.
    [InlineData("web.shop")] // Two: a namespace.
    [InlineData("web.shop.svc")] // Three that end in svc.
    [InlineData("web.shop.svc.cluster.local")]
    public void Kubernetes_short_forms_mean_the_service(string name)
    {
        Add("web", Client, ["10.0.0.1"]);
        Assert.Equal(["10.0.0.1"], Addresses(name));
    }

    [Theory]
    [InlineData("web.shop.shop.svc.cluster.local", "web.shop")]
    [InlineData("web.shop.svc.svc.cluster.local", "web.shop.svc")]
    [InlineData("web.shop.svc.cluster.local.cluster.local", "web.shop.svc.cluster.local")]
    [InlineData("web.shop.svc.cluster.local.shop.svc.cluster.local", "web.shop.svc.cluster.local")]
    public void A_name_behind_which_a_search_suffix_was_put_is_found_and_needs_an_alias(string name, string kept)
    {
        Add("web", Client, ["10.0.0.1"]);
        Assert.Equal(kept.Length, Assert.NotNull(Find(name)).KeptChars);
        Assert.StartsWith(kept, name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web.shop.svc.cluster.local")]
    [InlineData("web")]
    public void Without_a_suffix_taken_away_there_is_no_alias(string name)
    {
        Add("web", Client, ["10.0.0.1"]);
        Assert.Equal(0, Assert.NotNull(Find(name)).KeptChars);
    }

    [Fact]
    public void An_external_name_is_found_behind_the_search_list()
    {
        Add("api", "outside", ["240.240.0.1"], host: "api.example.com");
        Assert.Equal("api.example.com".Length, Assert.NotNull(Find("api.example.com.shop.svc.cluster.local")).KeptChars);
        Assert.Equal("api.example.com".Length, Assert.NotNull(Find("api.example.com.svc.cluster.local")).KeptChars);
        Assert.Equal("api.example.com".Length, Assert.NotNull(Find("api.example.com.cluster.local")).KeptChars);
        Assert.Null(Find("api.example.com.other.example.org"));
    }

    [Fact]
    public void A_dedicated_proxy_takes_away_the_suffixes_of_its_own_resolver()
    {
        Add("api", "outside", ["240.240.0.1"], host: "api.example.com");
        var dedicated = new MeshNames("cluster.local", null, ["corp.example.org", "Lan."]);
        Assert.NotNull(Find("api.example.com.corp.example.org", names: dedicated));
        Assert.NotNull(Find("api.example.com.lan", names: dedicated));
        Assert.Null(Find("api.example.com.cluster.local", names: dedicated));
    }

    [Fact]
    public void Another_cluster_domain_is_respected()
    {
        Add("web", Client, ["10.0.0.1"], host: "web.shop.svc.corp.internal");
        var names = new MeshNames("corp.internal.", null, null);
        Assert.NotNull(Find("web", names: names));
        Assert.NotNull(Find("web.shop.svc", names: names));
        Assert.Null(Find("web"));
    }

    [Theory]
    [InlineData("a.b.example.com", "10.0.0.2")] // *.b.example.com is nearer than *.example.com.
    [InlineData("x.example.com", "10.0.0.1")]
    [InlineData("x.y.example.com", "10.0.0.1")] // A star stands for any number of labels.
    public void Wildcards_match_from_the_longest(string name, string address)
    {
        Add("near", "outside", ["10.0.0.2"], host: "*.b.example.com");
        Add("far", "outside", ["10.0.0.1"], host: "*.example.com");
        Assert.Equal([address], Addresses(name));
        Assert.Null(Find("example.com")); // At least one label.
        Assert.Equal(0, Assert.NotNull(Find($"{name}.svc.cluster.local")).KeptChars); // No alias for a pattern.
    }

    [Fact]
    public void The_very_name_comes_before_a_wildcard()
    {
        Add("star", "outside", ["10.0.0.1"], host: "*.example.com");
        Add("one", "outside", ["10.0.0.2"], host: "one.example.com");
        Assert.Equal(["10.0.0.2"], Addresses("one.example.com"));
    }

    [Fact]
    public void A_name_as_it_was_asked_comes_before_what_Kubernetes_adds()
    {
        Add("db", Client, ["10.0.0.1"]);
        Add("db", "outside", ["10.0.0.2"], host: "db");
        Assert.Equal(["10.0.0.2"], Addresses("db"));
    }

    [Fact]
    public void A_service_without_an_address_that_is_none_of_the_cluster_is_left_to_name_servers()
    {
        Add("api", "outside", host: "api.example.com");
        Assert.Null(Find("api.example.com"));
    }

    [Fact]
    public void A_service_only_its_own_namespace_may_see_is_not_found_by_others()
    {
        Add("web", "private", ["10.0.0.1"], visibility: ServiceVisibility.Namespace);
        Assert.Null(Find("web.private"));
        Assert.NotNull(Find("web", ns: "private"));
    }

    [Fact]
    public void Of_several_the_clients_namespace_then_the_canonical_then_the_preferred_then_the_first_is_meant()
    {
        const string Host = "api.example.com";
        var preferring = new MeshNames("cluster.local", "pref", null);
        Add("api", "b", ["10.0.0.2"], Host);
        Add("api", "c", ["10.0.0.3"], Host);
        Assert.Equal("b", Find(Host)!.Value.Service.Key.Namespace);
        Add("api", "pref", ["10.0.0.4"], Host);
        Assert.Equal("b", Find(Host)!.Value.Service.Key.Namespace);
        Assert.Equal("pref", Find(Host, names: preferring)!.Value.Service.Key.Namespace);
        Add("api", "c", ["10.0.0.3"], Host, canonical: true);
        Assert.Equal("c", Find(Host, names: preferring)!.Value.Service.Key.Namespace);
        Add("api", Client, ["10.0.0.5"], Host);
        Assert.Equal(Client, Find(Host, names: preferring)!.Value.Service.Key.Namespace);
    }

    [Fact]
    public void Only_addresses_of_the_clients_network_and_the_asked_family_are_given()
    {
        Add("web", Client, ["10.0.0.1", "10.9.0.1@far", "fd00::1", "10.0.0.2"]);
        Assert.Equal(["10.0.0.1", "10.0.0.2"], Addresses("web"));
        Assert.Equal(["10.9.0.1"], Addresses("web", network: "far"));
        Assert.Equal(["fd00::1"], Addresses("web", v4: false));
        Assert.Empty(Addresses("web", v4: false, network: "far")); // Found, and nothing to say.
    }

    [Fact]
    public void A_headless_service_has_one_address_per_healthy_endpoint_of_the_network()
    {
        Add("db", Client);
        AddPod("db-0", "db", Client, ["10.1.0.1", "10.1.1.1", "fd00::1"]);
        AddPod("db-1", "db", Client, ["10.1.0.2"]);
        AddPod("db-2", "db", Client, ["10.1.0.3"], healthy: false);
        AddPod("db-3", "db", Client, ["10.1.0.4"], network: "far");
        Assert.Equal(["10.1.0.1", "10.1.0.2"], Addresses("db"));
        Assert.Equal(["fd00::1"], Addresses("db", v4: false));
    }

    [Fact]
    public void A_headless_service_that_publishes_unready_endpoints_names_all_of_them()
    {
        Add("db", Client, health: HealthPolicy.AllowAll);
        AddPod("db-0", "db", Client, ["10.1.0.1"], healthy: false);
        Assert.Equal(["10.1.0.1"], Addresses("db"));
        Assert.Equal(["10.1.0.1"], Addresses("db-0.db"));
    }

    [Fact]
    public void A_headless_service_without_endpoints_is_answered_with_nothing()
    {
        Add("db", Client);
        Assert.Empty(Addresses("db"));
    }

    [Fact]
    public void A_headless_service_of_one_family_has_no_other()
    {
        Add("db", Client, families: IpFamilies.V4Only);
        AddPod("db-0", "db", Client, ["10.1.0.1", "fd00::1"]);
        Assert.Empty(Addresses("db", v4: false));
    }

    [Theory]
    [InlineData("db-1.db")]
    [InlineData("db-1.db.shop")]
    [InlineData("db-1.db.shop.svc")]
    [InlineData("db-1.db.shop.svc.cluster.local")]
    [InlineData("db-1.db.shop.svc.cluster.local.shop.svc.cluster.local")]
    public void A_pod_of_a_StatefulSet_has_its_own_name(string name)
    {
        Add("db", Client);
        AddPod("db-0", "db", Client, ["10.1.0.1"]);
        AddPod("db-1", "db", Client, ["10.1.0.2"]);
        Assert.Equal(["10.1.0.2"], Addresses(name));
    }

    [Fact]
    public void A_pods_name_is_known_behind_a_service_with_an_address_as_well()
    {
        Add("db", Client, ["10.0.0.1"]);
        AddPod("db-0", "db", Client, ["10.1.0.1"]);
        Assert.Equal(["10.1.0.1"], Addresses("db-0.db.shop.svc.cluster.local"));
        Assert.Equal(["10.0.0.1"], Addresses("db"));
    }

    [Theory]
    [InlineData("db-9.db")] // No such pod.
    [InlineData("db-1.db")] // Not ready: the cluster's name server decides.
    [InlineData("10-1-0-1.db")]
    public void Names_of_pods_that_the_mesh_does_not_answer_are_left_to_name_servers(string name)
    {
        Add("db", Client);
        AddPod("db-0", "db", Client, ["10.1.0.1"]);
        AddPod("db-1", "db", Client, ["10.1.0.2"], healthy: false);
        Assert.Null(Find(name + ".shop.svc.cluster.local"));
    }

    [Fact]
    public void A_pod_of_a_service_that_others_may_not_see_is_not_found_by_them()
    {
        Add("db", "private", visibility: ServiceVisibility.Namespace);
        AddPod("db-0", "db", "private", ["10.1.0.1"]);
        Assert.Null(Find("db-0.db.private"));
        Assert.NotNull(Find("db-0.db", ns: "private"));
    }

    [Fact]
    public void Unknown_names_are_not_found_however_long()
    {
        Add("web", Client, ["10.0.0.1"]);
        Assert.Null(Find("example.com"));
        Assert.Null(Find("nobody.shop.svc.cluster.local"));
        Assert.Null(Find(string.Join('.', Enumerable.Repeat("a", 127))));
        Assert.Null(Find($"{new string('a', 63)}.{new string('b', 63)}.{new string('c', 63)}.{new string('d', 61)}"));
    }

    [Fact]
    public void Answers_are_in_random_order()
    {
        Add("web", Client, [.. Enumerable.Range(1, 6).Select(i => $"10.0.0.{i}")]);
        var found = Assert.NotNull(Find("web"));
        var random = new Random(5);
        var orders = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var into = new Ip[16];
            var count = NameAddresses.Collect(found, "", wantsV4: true, random, into);
            orders.Add(string.Join(',', into[..count]));
        }

        Assert.InRange(orders.Count, 10, 20);
    }

    [Fact]
    public void More_endpoints_than_fit_all_get_their_turn()
    {
        Add("db", Client);
        for (var i = 0; i < 20; i++) AddPod($"db-{i}", "db", Client, [$"10.1.0.{i + 1}"]);
        var found = Assert.NotNull(Find("db"));
        var random = new Random(6);
        var seen = new HashSet<Ip>();
        for (var i = 0; i < 100; i++)
        {
            var into = new Ip[4];
            Assert.Equal(4, NameAddresses.Collect(found, "", wantsV4: true, random, into));
            Assert.Equal(4, into.Distinct().Count());
            seen.UnionWith(into);
        }

        Assert.Equal(20, seen.Count);
    }

    [Fact]
    public void Looking_up_allocates_nothing()
    {
        Add("web", Client, ["10.0.0.1"]);
        var mesh = _mesh.Freeze();
        Names.TryFind(mesh, Client, "www.example.com.shop.svc.cluster.local", out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Names.TryFind(mesh, Client, "www.example.com.shop.svc.cluster.local", out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
