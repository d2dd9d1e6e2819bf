using System.Net;
using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Observe;

namespace Mesh.Ztunnel.Tests.Observe;

/// <summary>The labels of the connection metrics, under the names and with the values that dashboards know.</summary>
public sealed class ConnectionLabelTests
{
    private static readonly Service Api = new()
    {
        Name = "api",
        Namespace = "shop",
        Hostname = "api.shop.svc.cluster.local",
        Addresses = [new VirtualAddress("", IPAddress.Parse("10.96.0.10"))],
        Ports = [new ServicePort(80, 8080)],
    };

    private static Workload Pod(string name, string ip) => new()
    {
        Uid = $"Kubernetes//Pod/shop/{name}-1",
        Name = $"{name}-1",
        Namespace = "shop",
        ServiceAccount = name,
        Addresses = [IPAddress.Parse(ip)],
        WorkloadName = name,
        CanonicalName = $"{name}-app",
        CanonicalRevision = "v2",
        ClusterId = "west",
        Locality = new Locality("eu", "eu-1", ""),
    };

    private static Dictionary<string, string> Labels(Direction reporter, bool source, bool destination, bool service, bool mutual, ResponseFlag flag = ResponseFlag.None, Baggage? told = null)
    {
        var builder = new MeshSnapshotBuilder();
        builder.Set(Pod("cart", "10.0.0.1"));
        builder.Set(Pod("api", "10.0.0.2"));
        builder.Set(Api);
        var mesh = builder.Freeze();
        var key = new SeriesKey(
            reporter,
            source ? mesh.FindWorkload("Kubernetes//Pod/shop/cart-1") : null,
            destination ? mesh.FindWorkload("Kubernetes//Pod/shop/api-1") : null,
            service ? mesh.FindService(Api.Key) : null,
            mutual ? new SpiffeId("cluster.local", "shop", "cart") : null,
            mutual,
            told);
        var metrics = new Metrics();
        new ConnectionMetrics(metrics).CountFailure(key, flag);
        var text = new Exposition(openMetrics: false);
        metrics.WriteTo(text);
        var line = System.Text.Encoding.UTF8.GetString(text.Finish()).Split('\n').Single(static l => l.StartsWith("istio_tcp_connections_failed_total{", StringComparison.Ordinal));
        var labels = line[(line.IndexOf('{', StringComparison.Ordinal) + 1)..line.LastIndexOf('}')];
        // A label that is empty is one that is not there.
        return labels.Split("\",").Where(static l => !l.TrimEnd('"').EndsWith('=')).ToDictionary(static l => l[..l.IndexOf('=', StringComparison.Ordinal)], static l => l[(l.IndexOf('"', StringComparison.Ordinal) + 1)..].TrimEnd('"'));
    }

    [Fact]
    public void A_client_of_another_network_has_the_labels_that_it_tells_of_itself_and_the_principal_that_it_proved()
    {
        var told = Baggage.Parse(
            "k8s.cluster.name=east,k8s.namespace.name=till,k8s.deployment.name=web,service.name=web-app,service.version=v3,cloud.region=us,cloud.availability_zone=us-2");
        var labels = Labels(Direction.Inbound, source: false, destination: true, service: true, mutual: true, told: told);
        Assert.Equal(
            ("web", "web-app", "v3", "till", "east", "us", "us-2"),
            (labels["source_workload"], labels["source_canonical_service"], labels["source_version"], labels["source_workload_namespace"],
                labels["source_cluster"], labels["source_region"], labels["source_zone"]));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/cart", labels["source_principal"]);
    }

    [Fact]
    public void Everything_known_is_told()
    {
        var labels = Labels(Direction.Outbound, source: true, destination: true, service: true, mutual: true, ResponseFlag.NetworkPolicy);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["reporter"] = "source",
                ["source_workload"] = "cart",
                ["source_canonical_service"] = "cart-app",
                ["source_canonical_revision"] = "v2",
                ["source_workload_namespace"] = "shop",
                ["source_principal"] = "spiffe://cluster.local/ns/shop/sa/cart",
                ["source_app"] = "cart-app",
                ["source_version"] = "v2",
                ["source_cluster"] = "west",
                ["destination_service"] = "api.shop.svc.cluster.local",
                ["destination_service_namespace"] = "shop",
                ["destination_service_name"] = "api",
                ["destination_workload"] = "api",
                ["destination_canonical_service"] = "api-app",
                ["destination_canonical_revision"] = "v2",
                ["destination_workload_namespace"] = "shop",
                ["destination_principal"] = "spiffe://cluster.local/ns/shop/sa/api",
                ["destination_app"] = "api-app",
                ["destination_version"] = "v2",
                ["destination_cluster"] = "west",
                ["request_protocol"] = "tcp",
                ["response_flags"] = "NETWORK_POLICY",
                ["connection_security_policy"] = "mutual_tls",
                ["source_region"] = "eu",
                ["source_zone"] = "eu-1",
                ["destination_region"] = "eu",
                ["destination_zone"] = "eu-1",
            },
            labels);
    }

    [Fact]
    public void What_is_not_known_is_unknown_and_places_of_nobody_are_left_out()
    {
        var labels = Labels(Direction.Inbound, source: false, destination: false, service: false, mutual: false);
        Assert.Equal("destination", labels["reporter"]);
        Assert.All(
            labels.Where(static l => l.Key.StartsWith("source_", StringComparison.Ordinal) || l.Key.StartsWith("destination_", StringComparison.Ordinal)),
            static label => Assert.Equal("unknown", label.Value));
        Assert.Equal(("tcp", "-", "unknown"), (labels["request_protocol"], labels["response_flags"], labels["connection_security_policy"]));
        Assert.DoesNotContain("source_region", labels.Keys);
        Assert.DoesNotContain("destination_zone", labels.Keys);
    }

    [Fact]
    public void Plaintext_proves_no_source_though_its_workload_is_known()
    {
        var labels = Labels(Direction.Inbound, source: true, destination: true, service: false, mutual: false);
        Assert.Equal(("unknown", "cart", "unknown"), (labels["source_principal"], labels["source_workload"], labels["connection_security_policy"]));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/api", labels["destination_principal"]);
    }

    [Fact]
    public void Where_one_side_is_known_the_other_sides_place_is_unknown_but_there()
    {
        var labels = Labels(Direction.Inbound, source: false, destination: true, service: false, mutual: true);
        Assert.Equal(("unknown", "eu"), (labels["source_region"], labels["destination_region"]));
    }
}
