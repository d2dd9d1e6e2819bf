using Mesh.Model.Decisions;

namespace Mesh.Model.Tests.Decisions;

public sealed class InboundTableTests
{
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");
    private static readonly Workload Local = MeshOf.Pod("api", "10.0.0.2").Backs(Api);

    private static InboundRoute Decide(Workload local, string authority, string? host = null, params object[] resources)
    {
        var mesh = MeshOf.Snapshot([local, .. resources]);
        return InboundRouter.Decide(mesh, new InboundQuery(mesh.FindWorkload(local.Uid)!, MeshOf.Ip("10.0.0.2"), authority, host));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.2")]
    [InlineData("10.0.0.2:")]
    [InlineData("10.0.0.2:99999")]
    [InlineData("10.0.2:80")]
    [InlineData("fd00::2:80")]
    [InlineData("a b:80")]
    [InlineData(":80")]
    public void An_authority_that_is_none_is_a_400(string authority)
    {
        var refused = Assert.IsType<InboundRoute.Refused>(Decide(Local, authority));
        Assert.Equal(400, InboundRefusals.StatusOf(refused.Why));
    }

    [Fact]
    public void The_own_address_leads_to_its_port()
    {
        var forward = Assert.IsType<InboundRoute.Forward>(Decide(Local, "10.0.0.2:8080", null, Api));
        Assert.Equal("10.0.0.2:8080", forward.Target.ToString());
        Assert.Equal("api", forward.Service!.Service!.Name);
    }

    [Fact]
    public void Another_address_is_a_400()
    {
        var refused = Assert.IsType<InboundRoute.Refused>(Decide(Local, "10.0.0.3:8080"));
        Assert.Equal(InboundRefusal.WrongDestination, refused.Why);
    }

    [Fact]
    public void A_workload_with_an_application_tunnel_takes_any_address_on_its_tunnel_port()
    {
        var tunnelled = Local with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088) };
        var forward = Assert.IsType<InboundRoute.Forward>(Decide(tunnelled, "10.96.0.10:80", null, Api));
        Assert.Equal(("10.0.0.2:15088", "10.96.0.10:80"), (forward.Target.ToString(), forward.Announced!.Value.ToString()));
    }

    [Fact]
    public void A_waypoint_takes_the_addresses_it_stands_for()
    {
        var guarded = MeshOf.Service("guarded", "10.96.0.30") with { Waypoint = MeshOf.At("10.0.0.2") };
        Assert.IsType<InboundRoute.Forward>(Decide(Local, "10.96.0.30:80", null, guarded));
        var pod = MeshOf.Pod("behind", "10.0.0.5") with { Waypoint = MeshOf.Named(Api) };
        Assert.IsType<InboundRoute.Forward>(Decide(Local, "10.0.0.5:80", null, pod, Api));
    }

    [Fact]
    public void A_host_name_is_mapped_to_the_port_of_this_endpoint()
    {
        Assert.Equal("10.0.0.2:8080", Assert.IsType<InboundRoute.Forward>(Decide(Local, "api.shop.svc.cluster.local:80", null, Api)).Target.ToString());
        Assert.Equal(InboundRefusal.UnknownPort, Assert.IsType<InboundRoute.Refused>(Decide(Local, "api.shop.svc.cluster.local:81", null, Api)).Why);
        Assert.Equal(InboundRefusal.UnknownService, Assert.IsType<InboundRoute.Refused>(Decide(Local, "nobody.example:80", null, Api)).Why);
    }

    [Theory]
    [InlineData(15001)]
    [InlineData(15006)]
    [InlineData(15008)]
    public void The_proxys_own_ports_are_a_503(int port)
    {
        var refused = Assert.IsType<InboundRoute.Refused>(Decide(Local, $"10.0.0.2:{port}"));
        Assert.Equal((InboundRefusal.SelfCall, 503), (refused.Why, InboundRefusals.StatusOf(refused.Why)));
    }

    [Fact]
    public void The_forwarded_host_only_chooses_among_the_workloads_own_services()
    {
        var other = MeshOf.Service("other", "10.96.0.40", 81, 8080);
        var both = Local.Backs(other, 81);
        Assert.Equal("other", Assert.IsType<InboundRoute.Forward>(Decide(both, "10.0.0.2:8080", other.Hostname, Api, other)).Service!.Service!.Name);
        Assert.Equal("api", Assert.IsType<InboundRoute.Forward>(Decide(both, "10.0.0.2:8080", "evil.example", Api, other)).Service!.Service!.Name);
    }

    [Fact]
    public void A_host_name_with_an_application_tunnel_announces_the_services_address_of_the_own_network()
    {
        var tunnelled = Local with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088) };
        var many = Api with
        {
            Addresses =
            [
                new VirtualAddress("west", System.Net.IPAddress.Parse("10.97.0.1")),
                new VirtualAddress("", System.Net.IPAddress.Parse("fd00:96::10")),
                new VirtualAddress("", System.Net.IPAddress.Parse("10.96.0.10")),
            ],
        };
        var forward = Assert.IsType<InboundRoute.Forward>(Decide(tunnelled, "api.shop.svc.cluster.local:80", null, many));
        Assert.Equal(("10.0.0.2:15088", "10.96.0.10:80"), (forward.Target.ToString(), forward.Announced!.Value.ToString()));
    }

    [Fact]
    public void A_service_with_an_address_elsewhere_only_announces_that_one_and_one_without_any_is_refused()
    {
        var tunnelled = Local with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088) };
        var elsewhere = Api with { Addresses = [new VirtualAddress("west", System.Net.IPAddress.Parse("10.97.0.1"))] };
        var forward = Assert.IsType<InboundRoute.Forward>(Decide(tunnelled, "api.shop.svc.cluster.local:80", null, elsewhere));
        Assert.Equal("10.97.0.1:80", forward.Announced!.Value.ToString());
        var refused = Assert.IsType<InboundRoute.Refused>(Decide(tunnelled, "api.shop.svc.cluster.local:80", null, Api with { Addresses = [] }));
        Assert.Equal((InboundRefusal.NothingToAnnounce, 503), (refused.Why, InboundRefusals.StatusOf(refused.Why)));
    }

    [Fact]
    public void An_application_tunnel_without_PROXY_announces_nothing()
    {
        var tunnelled = Local with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, 15088) };
        Assert.Null(Assert.IsType<InboundRoute.Forward>(Decide(tunnelled, "10.0.0.2:80", null, Api)).Announced);
    }

    [Fact]
    public void The_socks_port_is_ours_only_when_it_is_on()
    {
        var mesh = MeshOf.Snapshot(Local);
        var query = new InboundQuery(mesh.FindWorkload(Local.Uid)!, MeshOf.Ip("10.0.0.2"), "10.0.0.2:15080", null, SocksEnabled: true);
        Assert.Equal(InboundRefusal.SelfCall, Assert.IsType<InboundRoute.Refused>(InboundRouter.Decide(mesh, query)).Why);
        Assert.IsType<InboundRoute.Forward>(InboundRouter.Decide(mesh, query with { SocksEnabled = false }));
    }

    [Fact]
    public void A_waypoint_of_a_weighted_set_takes_the_services_address_and_a_stranger_does_not()
    {
        var guarded = MeshOf.Service("guarded", "10.96.0.30") with { WeightedWaypoints = [new WeightedWaypoint(MeshOf.At("10.0.0.2"), 0)] };
        Assert.IsType<InboundRoute.Forward>(Decide(Local, "10.96.0.30:80", null, guarded));
        var elsewhere = MeshOf.Service("guarded", "10.96.0.30") with { Waypoint = MeshOf.At("10.0.0.9") };
        Assert.Equal(InboundRefusal.WrongDestination, Assert.IsType<InboundRoute.Refused>(Decide(Local, "10.96.0.30:80", null, elsewhere)).Why);
    }

    [Theory]
    [InlineData(InboundRefusal.BadAuthority, 400)]
    [InlineData(InboundRefusal.WrongDestination, 400)]
    [InlineData(InboundRefusal.UnknownWorkload, 503)]
    [InlineData(InboundRefusal.UnknownService, 503)]
    [InlineData(InboundRefusal.UnknownPort, 503)]
    [InlineData(InboundRefusal.SelfCall, 503)]
    public void Each_refusal_has_its_status_and_its_words(InboundRefusal why, int status)
    {
        Assert.Equal(status, InboundRefusals.StatusOf(why));
        Assert.NotEmpty(InboundRefusals.TextOf(why));
    }
}
