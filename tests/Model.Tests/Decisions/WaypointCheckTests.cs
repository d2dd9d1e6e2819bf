using Mesh.Identity;
using Mesh.Model.Decisions;

namespace Mesh.Model.Tests.Decisions;

public sealed class WaypointCheckTests
{
    private static readonly Workload Waypoint = MeshOf.Pod("waypoint", "10.0.0.9");
    private static readonly Service Ways = MeshOf.Service("ways", "10.96.0.99", 15008, 15008);
    private static readonly Service Api = MeshOf.Service("api", "10.96.0.10");
    private static readonly Workload Local = MeshOf.Pod("api", "10.0.0.2").Backs(Api);

    private static string? Ask(Workload local, ushort port, SpiffeId? peer, params object[] others)
    {
        var mesh = MeshOf.Snapshot([local, .. others]);
        return WaypointCheck.FindObjection(mesh, mesh.FindWorkload(local.Uid)!, port, peer);
    }

    [Fact]
    public void Without_a_waypoint_everybody_may_come() => Assert.Null(Ask(Local, 8080, null, Api));

    [Fact]
    public void A_workload_with_a_waypoint_takes_it_from_the_waypoint_only()
    {
        var guarded = Local with { Waypoint = MeshOf.At("10.0.0.9") };
        Assert.Null(Ask(guarded, 9000, Waypoint.Identity, Waypoint, Api));
        var objection = Ask(guarded, 9000, MeshOf.Pod("cart", "10.0.0.3").Identity, Waypoint, Api);
        Assert.Equal("traffic to shop/api must come through its waypoint /10.0.0.9, and the client is spiffe://cluster.local/ns/shop/sa/cart", objection);
        Assert.EndsWith("the client is nobody proven", Ask(guarded, 9000, null, Waypoint, Api), StringComparison.Ordinal);
    }

    [Fact]
    public void A_waypoint_named_by_host_is_any_workload_of_its_service_or_an_identity_of_it()
    {
        var service = Ways with { SubjectAltNames = ["spiffe://cluster.local/ns/infra/sa/way"] };
        var guarded = Local with { Waypoint = MeshOf.Named(service) };
        Assert.Null(Ask(guarded, 9000, Waypoint.Identity, Waypoint.Backs(service, 15008, 15008), service));
        Assert.Null(Ask(guarded, 9000, SpiffeId.TryParse("spiffe://cluster.local/ns/infra/sa/way"), service));
        Assert.NotNull(Ask(guarded, 9000, Waypoint.Identity, Waypoint, service)); // It is none of that service.
    }

    [Fact]
    public void A_service_with_a_waypoint_guards_the_ports_it_leads_to_and_no_other()
    {
        var guarded = Api with { Waypoint = MeshOf.At("10.0.0.9") };
        Assert.NotNull(Ask(Local, 8080, MeshOf.Pod("cart", "10.0.0.3").Identity, guarded, Waypoint));
        Assert.Null(Ask(Local, 8080, Waypoint.Identity, guarded, Waypoint));
        Assert.Null(Ask(Local, 9000, MeshOf.Pod("cart", "10.0.0.3").Identity, guarded, Waypoint));
    }

    [Fact]
    public void Any_of_a_weighted_set_will_do()
    {
        var second = MeshOf.Pod("waypoint-2", "10.0.0.10");
        var guarded = Api with { WeightedWaypoints = [new WeightedWaypoint(MeshOf.At("10.0.0.9"), 1), new WeightedWaypoint(MeshOf.At("10.0.0.10"), 9)] };
        Assert.Null(Ask(Local, 8080, Waypoint.Identity, guarded, Waypoint, second));
        Assert.Null(Ask(Local, 8080, second.Identity, guarded, Waypoint, second));
        Assert.NotNull(Ask(Local, 8080, MeshOf.Pod("cart", "10.0.0.3").Identity, guarded, Waypoint, second));
    }

    [Fact]
    public void A_waypoint_that_nobody_knows_lets_nobody_in() =>
        Assert.NotNull(Ask(Local with { Waypoint = MeshOf.At("10.0.0.77") }, 8080, Waypoint.Identity, Api, Waypoint));
}
