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
}
