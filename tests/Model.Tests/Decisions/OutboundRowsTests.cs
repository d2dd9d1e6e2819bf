using Mesh.Model.Decisions;

namespace Mesh.Model.Tests.Decisions;

/// <summary>Rows of the outbound decision that concern ports, addresses and gateways of endpoints.</summary>
public sealed class OutboundRowsTests
{
    private static readonly Workload Client = MeshOf.Pod("client", "10.0.0.1");
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");

    private static OutboundRoute Decide(string to, params object[] resources)
    {
        var mesh = MeshOf.Snapshot([Client, .. resources]);
        return OutboundRouter.Decide(mesh, new OutboundQuery(mesh.FindWorkload(Client.Uid)!, MeshOf.Ip("10.0.0.1"), MeshOf.IpPort(to)), new Chance(1));
    }

    private static TunnelHop Hop(OutboundRoute route) => Assert.IsType<OutboundRoute.Tunnel>(route).Hop;

    [Fact]
    public void A_workload_addressed_by_itself_keeps_the_port_that_was_asked_for()
    {
        var hop = Hop(Decide("10.0.0.2:9999", MeshOf.Pod("api", "10.0.0.2").Backs(Api), Api));
        Assert.Equal(("10.0.0.2:15008", "10.0.0.2:9999"), (hop.Dial.ToString(), hop.Authority));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/api", Assert.Single(hop.Expected).ToString());
    }

    [Fact]
    public void A_workload_without_HBONE_addressed_by_itself_gets_plain_TCP_and_is_known_by_name()
    {
        var direct = Assert.IsType<OutboundRoute.Direct>(Decide("10.0.0.2:9999", MeshOf.Pod("db", "10.0.0.2", protocol: TunnelProtocol.None)));
        Assert.Equal(("10.0.0.2:9999", "db"), (direct.To.ToString(), direct.Workload!.Name));
    }

    [Fact]
    public void The_endpoints_own_port_map_wins_over_the_services_target() =>
        Assert.Equal("10.0.0.2:7777", Hop(Decide("10.96.0.10:80", Api, MeshOf.Pod("api", "10.0.0.2").Backs(Api, 80, 7777))).Authority);

    [Fact]
    public void Without_an_own_map_the_services_target_holds()
    {
        var endpoint = MeshOf.Pod("api", "10.0.0.2") with { Services = [new WorkloadService(Api.Key, [])] };
        Assert.Equal("10.0.0.2:8080", Hop(Decide("10.96.0.10:80", Api, endpoint)).Authority);
    }

    [Fact]
    public void Without_any_target_an_application_tunnel_takes_the_service_port_and_nobody_else_does()
    {
        var open = Api with { Ports = [new ServicePort(80, 0)] };
        var endpoint = MeshOf.Pod("api", "10.0.0.2") with { Services = [new WorkloadService(Api.Key, [])] };
        var tunnelled = endpoint with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, 15088) };
        Assert.Equal("10.0.0.2:80", Hop(Decide("10.96.0.10:80", open, tunnelled)).Authority);
        Assert.Equal(RefusalReason.NoHealthyUpstream, Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", open, endpoint)).Why);
    }

    [Fact]
    public void A_network_gateway_may_be_named_by_host_and_has_names_of_its_own()
    {
        var gates = MeshOf.Service("gates", "10.96.0.60", 15008, 15008) with { SubjectAltNames = ["spiffe://cluster.local/ns/infra/sa/gate"] };
        var named = Api with { SubjectAltNames = ["spiffe://cluster.local/ns/shop/sa/far"] };
        var far = MeshOf.Pod("far", "") with { Network = "west", NetworkGateway = MeshOf.Named(gates) };
        var route = Assert.IsType<OutboundRoute.DoubleTunnel>(
            Decide("10.96.0.10:80", named, far.Backs(named), gates, MeshOf.Pod("gate-1", "10.0.0.61").Backs(gates, 15008, 15008)));
        Assert.Equal(("10.0.0.61:15008", "api.shop.svc.cluster.local:80"), (route.Outer.Dial.ToString(), route.Outer.Authority));
        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/gate-1", "spiffe://cluster.local/ns/infra/sa/gate"], route.Outer.Expected.Select(static id => id.ToString()));
        Assert.Equal("far", route.Target!.Name);
    }

    [Fact]
    public void A_network_gateway_that_nobody_knows_is_refused()
    {
        var named = Api with { SubjectAltNames = ["spiffe://cluster.local/ns/shop/sa/far"] };
        var far = MeshOf.Pod("far", "10.0.0.3") with { Network = "west", NetworkGateway = MeshOf.At("10.0.0.99") };
        Assert.Equal(RefusalReason.UnknownNetworkGateway, Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", named, far.Backs(named))).Why);
    }

    [Fact]
    public void An_endpoint_of_capacity_zero_is_none() =>
        Assert.Equal(
            RefusalReason.NoHealthyUpstream,
            Assert.IsType<OutboundRoute.Refused>(Decide("10.96.0.10:80", Api, MeshOf.Pod("api", "10.0.0.2").Backs(Api) with { Capacity = 0 })).Why);

    [Fact]
    public void Of_two_workloads_at_one_address_the_pod_with_HBONE_is_meant()
    {
        var plain = MeshOf.Pod("a-plain", "10.0.0.2", protocol: TunnelProtocol.None);
        Assert.Equal("b-mesh", Hop(Decide("10.0.0.2:80", plain, MeshOf.Pod("b-mesh", "10.0.0.2"))).Peer.Name);
    }

    [Fact]
    public void A_service_of_the_clients_namespace_wins_over_a_canonical_one_and_that_over_the_first()
    {
        var own = MeshOf.Service("own", "10.96.0.10");
        var canonical = MeshOf.Service("canonical", "10.96.0.10", ns: "bank") with { Canonical = true };
        var first = MeshOf.Service("aaa", "10.96.0.10", ns: "aaa");
        Assert.Equal("own", Decide("10.96.0.10:80", own, canonical, first).Service!.Service!.Name);
        Assert.Equal("canonical", Decide("10.96.0.10:80", canonical, first).Service!.Service!.Name);
    }
}
