using System.Net;

namespace Mesh.Hbone.Tests;

public sealed class HeaderTests
{
    private static readonly Baggage Full = new()
    {
        ClusterName = "Kubernetes",
        Namespace = "shop",
        WorkloadKind = "deployment",
        WorkloadName = "cart",
        ServiceName = "cart",
        ServiceVersion = "v1",
        Region = "eu",
        Zone = "eu-1",
    };

    [Fact]
    public void Baggage_is_written_in_upstreams_order_and_read_back()
    {
        const string text = "k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,k8s.deployment.name=cart,service.name=cart,"
            + "service.version=v1,cloud.region=eu,cloud.availability_zone=eu-1";
        Assert.Equal(text, Full.Render());
        Assert.Equal(Full, Baggage.Parse(text));
    }

    [Theory]
    [InlineData("deployment")]
    [InlineData("cronjob")]
    [InlineData("pod")]
    [InlineData("job")]
    public void The_kind_of_a_workload_is_part_of_the_key_of_its_name(string kind)
    {
        var baggage = new Baggage { WorkloadKind = kind, WorkloadName = "w" };
        Assert.Equal($"k8s.{kind}.name=w", baggage.Render());
        Assert.Equal(baggage, Baggage.Parse(baggage.Render()));
    }

    [Fact]
    public void Empty_items_and_items_a_header_cannot_carry_are_left_out() =>
        Assert.Equal("k8s.namespace.name=a", new Baggage { Namespace = "a", Region = "", ServiceName = "x\r\ny", Zone = "p,q" }.Render());

    [Theory]
    [InlineData("")]
    [InlineData(",,,=,a=,=b,k8s..name=x,k8s.daemonset.name=x,;;")]
    public void Rubbish_reads_as_nothing(string text) => Assert.Equal(new Baggage(), Baggage.Parse(text));

    [Fact]
    public void Spaces_and_metadata_around_values_are_not_part_of_them() =>
        Assert.Equal(new Baggage { Namespace = "a", WorkloadKind = "job", WorkloadName = "j" }, Baggage.Parse(" k8s.namespace.name = a;x=1 , k8s.job.name=j"));

    [Fact]
    public void Forwarded_names_the_client_and_perhaps_the_host()
    {
        var client = IPEndPoint.Parse("10.0.0.7:4711");
        Assert.Equal("for=\"10.0.0.7:4711\"", ForwardedHeader.Render(client, null));
        var text = ForwardedHeader.Render(IPEndPoint.Parse("[fd00::7]:4711"), "a.b.svc");
        Assert.Equal("for=\"[fd00::7]:4711\";host=a.b.svc", text);
        Assert.Equal("a.b.svc", ForwardedHeader.HostOf(text));
        Assert.Equal("x", ForwardedHeader.HostOf("for=unknown; Host = \"x\""));
        Assert.Null(ForwardedHeader.HostOf("for=\"10.0.0.7:4711\""));
        Assert.Null(ForwardedHeader.HostOf("host=" + new string('x', 1024)));
        Assert.Null(ForwardedHeader.HostOf(""));
    }

    [Fact]
    public void A_trace_parent_has_exactly_one_form()
    {
        var text = TraceParent.Create([.. Enumerable.Range(1, TraceParent.RandomBytes).Select(i => (byte)i)]);
        Assert.Equal("00-0102030405060708090a0b0c0d0e0f10-1112131415161718-00", text);
    }
}
