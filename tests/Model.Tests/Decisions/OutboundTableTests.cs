using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Tests.Decisions;

/// <summary>The outbound decision table, row by row.</summary>
public sealed class OutboundTableTests
{
    private static readonly Workload Client = MeshOf.Pod("client", "10.0.0.1");
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");
    private static readonly Workload ApiPod = MeshOf.Pod("api", "10.0.0.2").Backs(Api);
    private static readonly Workload WaypointPod = MeshOf.Pod("waypoint", "10.0.0.9");

    private static OutboundRoute Decide(string to, params object[] resources) => DecideFrom(Client, "10.0.0.1", to, resources);

    private static OutboundRoute DecideFrom(Workload source, string sourceIp, string to, object[] resources)
    {
        var mesh = MeshOf.Snapshot([source, .. resources]);
        var query = new OutboundQuery(mesh.FindWorkload(source.Uid)!, MeshOf.Ip(sourceIp), MeshOf.IpPort(to));
        return OutboundRouter.Decide(mesh, query, new Chance(1));
    }

    [Theory]
    [InlineData("127.0.0.1:15001")]
    [InlineData("127.0.0.1:15006")]
    [InlineData("127.3.2.1:15008")]
    [InlineData("[::1]:15008")]
    public void Row_0_A_call_to_the_proxy_itself_is_refused(string to) =>
        Assert.Equal(RefusalReason.SelfCall, Assert.IsType<OutboundRoute.Refused>(Decide(to)).Why);

    [Fact]
    public void Row_0_The_socks_port_is_ours_only_when_it_is_on()
    {
        Assert.True(OutboundRouter.IsSelfCall(MeshOf.IpPort("127.0.0.1:15080"), socksEnabled: true));
        Assert.False(OutboundRouter.IsSelfCall(MeshOf.IpPort("127.0.0.1:15080"), socksEnabled: false));
    }

    [Fact]
    public void Row_2_A_service_with_a_waypoint_goes_through_it_with_the_original_destination_as_authority()
    {
        var route = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", Api with { Waypoint = MeshOf.At("10.0.0.9") }, ApiPod, WaypointPod));
        Assert.Equal("10.96.0.10:80", route.Hop.Authority);
        Assert.Equal("10.0.0.9:15008", route.Hop.Dial.ToString());
        Assert.True(route.Hop.IsWaypoint);
        Assert.Equal(WaypointPod.Identity, Assert.Single(route.Hop.Expected));
    }

    [Fact]
    public void Row_2_A_waypoint_service_adds_its_alternative_names_to_the_expected_identities()
    {
        var waypoint = MeshOf.Service("wp", "10.96.0.99", 15008, 15008) with { SubjectAltNames = ["spiffe://cluster.local/ns/x/sa/y", "nonsense"] };
        var route = Assert.IsType<OutboundRoute.Tunnel>(
            Decide("10.96.0.10:80", Api with { Waypoint = MeshOf.Named(waypoint) }, ApiPod, waypoint, WaypointPod.Backs(waypoint, 15008, 15008)));
        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/waypoint", "spiffe://cluster.local/ns/x/sa/y"], route.Hop.Expected.Select(i => i.ToString()));
    }

    [Fact]
    public void Row_2_A_waypoint_nobody_knows_is_refused() =>
        Assert.Equal(
            RefusalReason.UnknownWaypoint,
            Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", Api with { Waypoint = MeshOf.At("10.0.0.77") }, ApiPod)).Why);

    [Fact]
    public void Row_2_Even_the_waypoint_is_sent_to_the_waypoint_when_it_addresses_the_service()
    {
        var route = DecideFrom(WaypointPod, "10.0.0.9", "10.96.0.10:80", [Api with { Waypoint = MeshOf.At("10.0.0.9") }, ApiPod]);
        Assert.True(Assert.IsType<OutboundRoute.Tunnel>(route).Hop.IsWaypoint);
    }

    [Fact]
    public void Row_2_A_weighted_set_is_drawn_by_weight_and_weight_zero_never()
    {
        var second = MeshOf.Pod("waypoint-2", "10.0.0.10");
        var weighted = Api with
        {
            WeightedWaypoints = [new WeightedWaypoint(MeshOf.At("10.0.0.9"), 0), new WeightedWaypoint(MeshOf.At("10.0.0.10"), 5)],
            Waypoint = MeshOf.At("10.0.0.9"),
        };
        var mesh = MeshOf.Snapshot(Client, weighted, ApiPod, WaypointPod, second);
        var query = new OutboundQuery(mesh.FindWorkload(Client.Uid)!, MeshOf.Ip("10.0.0.1"), MeshOf.IpPort("10.96.0.10:80"));
        for (var seed = 0UL; seed < 50; seed++)
        {
            Assert.Equal("10.0.0.10:15008", Assert.IsType<OutboundRoute.Tunnel>(OutboundRouter.Decide(mesh, query, new Chance(seed))).Hop.Dial.ToString());
        }
    }

    [Fact]
    public void Row_2_A_set_without_weight_falls_back_to_the_plain_waypoint()
    {
        var weighted = Api with { WeightedWaypoints = [new WeightedWaypoint(MeshOf.At("10.0.0.10"), 0)], Waypoint = MeshOf.At("10.0.0.9") };
        Assert.Equal("10.0.0.9:15008", Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", weighted, ApiPod, WaypointPod)).Hop.Dial.ToString());
    }

    [Fact]
    public void Row_2a_A_waypoint_of_another_network_is_reached_through_its_gateway()
    {
        var gateway = MeshOf.Pod("gateway", "10.0.0.50");
        var remote = WaypointPod with { Network = "west", NetworkGateway = MeshOf.At("10.0.0.50") };
        var waypoint = MeshOf.Service("wp", "10.96.0.99", 15008, 15008);
        var service = Api with { Waypoint = MeshOf.Named(waypoint), SubjectAltNames = ["spiffe://cluster.local/ns/shop/sa/api"] };
        var route = Assert.IsType<OutboundRoute.DoubleTunnel>(
            Decide("10.96.0.10:80", service, waypoint, remote.Backs(waypoint, 15008, 15008), gateway));
        Assert.Equal("10.0.0.50:15008", route.Outer.Dial.ToString());
        Assert.Equal("api.shop.svc.cluster.local:80", route.Outer.Authority);
    }

    [Fact]
    public void Row_3_A_passthrough_service_gets_plain_TCP_to_the_original_destination()
    {
        var passthrough = Api with { LoadBalancing = new LoadBalancing(LoadBalancingMode.Passthrough, [], HealthPolicy.OnlyHealthy) };
        Assert.Equal("10.96.0.10:80", Assert.IsType<OutboundRoute.Direct>(Decide("10.96.0.10:80", passthrough, ApiPod)).To.ToString());
    }

    [Theory]
    [InlineData("10.96.0.10:81")]
    [InlineData("10.96.0.11:80")]
    public void Row_4_A_service_without_that_port_or_an_endpoint_is_refused(string to)
    {
        var empty = MeshOf.Service("empty", "10.96.0.11");
        Assert.Equal(RefusalReason.NoHealthyUpstream, Assert.IsType<OutboundRoute.Refused>(Decide(to, Api, ApiPod, empty)).Why);
    }

    [Fact]
    public void Row_4_Unhealthy_endpoints_count_only_when_the_service_says_so()
    {
        var sick = ApiPod with { Status = HealthStatus.Unhealthy };
        Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", Api, sick));
        var lenient = Api with { LoadBalancing = new LoadBalancing(LoadBalancingMode.Unspecified, [], HealthPolicy.AllowAll) };
        Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", lenient, sick));
    }

    [Fact]
    public void Row_5_A_destination_nobody_knows_passes_through()
    {
        var route = Assert.IsType<OutboundRoute.Direct>(Decide("93.184.216.34:443"));
        Assert.Equal("93.184.216.34:443", route.To.ToString());
        Assert.Null(route.Workload);
    }

    [Fact]
    public void Row_5_The_node_address_of_a_host_network_workload_passes_through()
    {
        var host = MeshOf.Pod("host", "172.16.0.1") with { NetworkMode = NetworkMode.HostNetwork };
        Assert.Null(Assert.IsType<OutboundRoute.Direct>(Decide("172.16.0.1:80", host)).Workload);
    }

    [Fact]
    public void Row_6_An_endpoint_of_another_network_needs_two_tunnels_and_expects_only_the_service_names_inside()
    {
        var gateway = MeshOf.Pod("gateway", "10.0.0.50");
        var remote = MeshOf.Pod("far", "") with { Network = "west", NetworkGateway = MeshOf.At("10.0.0.50") };
        var named = Api with { SubjectAltNames = ["spiffe://cluster.local/ns/shop/sa/far"] };
        var route = Assert.IsType<OutboundRoute.DoubleTunnel>(Decide("10.96.0.10:80", named, remote.Backs(named), gateway));
        Assert.Equal("api.shop.svc.cluster.local:80", route.Outer.Authority);
        Assert.Equal(gateway.Identity, Assert.Single(route.Outer.Expected));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/far", Assert.Single(route.InnerExpected).ToString());
    }

    [Fact]
    public void Row_6_Without_gateway_or_without_names_the_other_network_is_refused()
    {
        var remote = MeshOf.Pod("far", "10.0.0.3") with { Network = "west" };
        Assert.Equal(
            RefusalReason.UnknownNetworkGateway, Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", Api, remote.Backs(Api))).Why);
        var reachable = remote with { NetworkGateway = MeshOf.At("10.0.0.50") };
        Assert.Equal(
            RefusalReason.NoIdentityAcrossNetworks,
            Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", Api, reachable.Backs(Api), MeshOf.Pod("gateway", "10.0.0.50"))).Why);
    }

    [Fact]
    public void Row_7_A_workload_with_a_waypoint_goes_through_it_but_not_through_its_service_address()
    {
        var guarded = ApiPod with { Waypoint = MeshOf.At("10.0.0.9") };
        var direct = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.0.0.2:9000", Api, guarded, WaypointPod));
        Assert.Equal(("10.0.0.9:15008", "10.0.0.2:9000"), (direct.Hop.Dial.ToString(), direct.Hop.Authority));
        var byService = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", Api, guarded, WaypointPod));
        Assert.Equal("10.0.0.2:15008", byService.Hop.Dial.ToString());
    }

    [Fact]
    public void Row_7_The_waypoint_itself_reaches_the_workload_directly_but_an_impostor_does_not()
    {
        var guarded = ApiPod with { Waypoint = MeshOf.At("10.0.0.9") };
        var own = Assert.IsType<OutboundRoute.Tunnel>(DecideFrom(WaypointPod, "10.0.0.9", "10.0.0.2:9000", [guarded]));
        Assert.Equal("10.0.0.2:15008", own.Hop.Dial.ToString());
        var sameIdentity = MeshOf.Pod("impostor", "10.0.0.66", account: "waypoint");
        var other = Assert.IsType<OutboundRoute.Tunnel>(DecideFrom(sameIdentity, "10.0.0.66", "10.0.0.2:9000", [guarded, WaypointPod]));
        Assert.Equal("10.0.0.9:15008", other.Hop.Dial.ToString());
    }

    [Fact]
    public void Row_8_An_endpoint_that_speaks_HBONE_gets_a_tunnel_to_its_target_port()
    {
        var route = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", Api with { SubjectAltNames = ["spiffe://cluster.local/ns/a/sa/b"] }, ApiPod));
        Assert.Equal(("10.0.0.2:15008", "10.0.0.2:8080"), (route.Hop.Dial.ToString(), route.Hop.Authority));
        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/api", "spiffe://cluster.local/ns/a/sa/b"], route.Hop.Expected.Select(i => i.ToString()));
        Assert.Equal("api", route.Service!.Service!.Name);
    }

    [Fact]
    public void Row_9_An_endpoint_without_HBONE_gets_plain_TCP_to_its_target_port() =>
        Assert.Equal("10.0.0.2:8080", Assert.IsType<OutboundRoute.Direct>(Decide("10.96.0.10:80", Api, ApiPod with { Protocol = TunnelProtocol.None })).To.ToString());

    [Fact]
    public void A_hop_to_a_name_asks_the_peer_for_the_address_it_was_found_at()
    {
        var external = MeshOf.Pod("external", "") with { Hostname = "db.example.com" };
        var hop = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", Api, external.Backs(Api))).Hop;
        Assert.Equal(("db.example.com", "db.example.com:8080"), (hop.Name, hop.Authority));
        var found = hop.At(Ip.FromV4(0x0A010203));
        Assert.Equal((null, "10.1.2.3:15008", "10.1.2.3:8080"), (found.Name, found.Dial.ToString(), found.Authority));
    }

    [Fact]
    public void A_waypoint_that_only_has_a_name_is_still_asked_for_the_destination()
    {
        var gateway = MeshOf.Pod("gateway", "") with { Hostname = "gw.example.com" };
        var pointed = Api with { Waypoint = new GatewayAddress(new NamespacedHostname("shop", "gw.example.com"), null, 15008) };
        var hop = Assert.IsType<OutboundRoute.Tunnel>(Decide("10.96.0.10:80", pointed, gateway)).Hop;
        Assert.Equal("gw.example.com", hop.Name);
        Assert.Equal("10.96.0.10:80", hop.At(Ip.FromV4(0x0A010203)).Authority);
    }

    [Fact]
    public void A_workload_without_address_is_reached_by_name()
    {
        var external = MeshOf.Pod("external", "", protocol: TunnelProtocol.None) with { Hostname = "db.example.com" };
        Assert.Equal("db.example.com", Assert.IsType<OutboundRoute.Direct>(Decide("10.96.0.10:80", Api, external.Backs(Api))).Name);
    }

    [Fact]
    public void A_service_of_a_private_namespace_is_invisible_to_others()
    {
        var hidden = MeshOf.Service("hidden", "10.96.0.20", ns: "other") with { Visibility = ServiceVisibility.Namespace };
        Assert.IsType<OutboundRoute.Direct>(Decide("10.96.0.20:80", hidden));
    }

    [Theory]
    [InlineData(IpFamilies.Automatic, "10.0.0.4")]
    [InlineData(IpFamilies.V6Only, "fd00::4")]
    [InlineData(IpFamilies.V4Only, "10.0.0.4")]
    public void The_endpoint_address_fits_the_families_of_the_service(IpFamilies families, string expected)
    {
        var dual = MeshOf.Pod("dual", "fd00::4,10.0.0.4", protocol: TunnelProtocol.None).Backs(Api);
        Assert.Equal(expected, Assert.IsType<OutboundRoute.Direct>(Decide("10.96.0.10:80", Api with { IpFamilies = families }, dual)).To.Address.ToString());
    }
}
