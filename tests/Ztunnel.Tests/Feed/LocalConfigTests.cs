using System.Text;
using System.Text.Json;
using Mesh.Model;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Admin;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Ztunnel.Tests.Feed;

public sealed class LocalConfigTests
{
    private const string Example = """
        workloads:
        - {uid: cluster1//v1/Pod/shop/web, name: web, namespace: shop, serviceAccount: web, workloadIps: ["127.0.0.1"],
           protocol: HBONE, node: local, network: "", services: {"shop/api.shop": {80: 8080}},
           waypoint: {destination: "/127.0.0.9", hboneMtlsPort: 15008}}
        policies:
        - {name: only-web, namespace: shop, scope: Namespace, action: Allow, dryRun: false,
           rules: [[[{principals: [!Exact cluster.local/ns/shop/sa/web], notDestinationPorts: [9999]}]]]}
        services:
        - {name: api, namespace: shop, hostname: api.shop, vips: ["/127.10.0.1"], ports: {80: 8080}, canonical: true,
           subjectAltNames: [spiffe://cluster.local/ns/shop/sa/web]}
        """;

    private static MeshSnapshot Load(string yaml)
    {
        var builder = new MeshSnapshotBuilder();
        LocalConfig.Load(yaml, builder);
        return builder.Freeze();
    }

    private static Ip Ip(string text) => Model.Ip.TryParse(text, out var ip) ? ip : throw new ArgumentException(text);

    [Fact]
    public void The_documented_example_loads()
    {
        var mesh = Load(Example);
        var web = mesh.FindWorkload("", Ip("127.0.0.1"))!;
        Assert.Equal("cluster1//v1/Pod/shop/web", web.Uid);
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/web", web.Identity.ToString());
        Assert.Equal(15008, web.Shape.Waypoint!.HboneMtlsPort);
        var api = mesh.FindService("", Ip("127.10.0.1"), "shop")!;
        Assert.Equal([web], api.Workloads);
        Assert.Single(api.AlternativeIdentities);
        var about = new AuthorizationContext(Ip("10.0.0.1"), Ip("127.0.0.1"), 8080, web.Identity);
        Assert.True(mesh.Policies.Authorize("shop", [], about).IsAllowed);
        Assert.False(mesh.Policies.Authorize("shop", [], new AuthorizationContext(about.Source, about.Destination, 9999, web.Identity)).IsAllowed);
    }

    [Theory]
    [InlineData("pods: []")]
    [InlineData("workloads:\n- {name: a, namespace: b, colour: red}")]
    [InlineData("workloads:\n- {name: a}")]
    [InlineData("workloads:\n- {name: a, namespace: b, workloadIps: [x]}")]
    [InlineData("workloads:\n- {name: a, namespace: b, protocol: LEGACY}")]
    [InlineData("services:\n- {name: a, namespace: b}")]
    [InlineData("services:\n- {namespace: b, hostname: c, ports: {70000: 1}}")]
    [InlineData("policies:\n- {name: a, namespace: b}")]
    [InlineData("policies:\n- {name: a, namespace: b, dryRun: false, rules: [[[{principals: [x]}]]]}")]
    [InlineData("policies:\n- {name: a, namespace: b, dryRun: false, scope: Everywhere}")]
    public void A_mistake_is_refused(string yaml) => Assert.Throws<YamlException>(() => Load(yaml));

    [Theory]
    [InlineData("services:\n- {namespace: b, hostname: c, visibility: namespace}", "visibility namespace is neither Public nor Namespace")]
    [InlineData("services:\n- {namespace: b, hostname: c, loadBalancer: {healthPolicy: all}}", "healthPolicy all is neither OnlyHealthy nor AllowAll")]
    [InlineData("services:\n- {namespace: b, hostname: c, weightedWaypoints: [{weight: 1}]}", "a weighted waypoint needs a destination")]
    [InlineData("workloads:\n- {name: a, namespace: b, status: healthy}", "status healthy is neither Healthy nor Unhealthy")]
    [InlineData("workloads:\n- {name: a, namespace: b, networkMode: host}", "networkMode host is neither Standard nor HostNetwork")]
    [InlineData("workloads:\n- {name: a, namespace: b, applicationTunnel: {protocol: proxy}}", "is neither PROXY nor NONE")]
    public void A_value_that_is_none_of_those_known_is_refused_with_those_that_are(string yaml, string problem) =>
        Assert.Contains(problem, Assert.Throws<YamlException>(() => Load(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Weighted_waypoints_are_read_as_a_dump_writes_them()
    {
        var mesh = Load("""
            services:
            - {namespace: b, hostname: c, visibility: Namespace, weightedWaypoints: [
               {destination: {destination: b/old.b, hboneMtlsPort: 15008}, weight: 90}, {destination: {destination: /10.0.0.9}, weight: 10}]}
            """);
        var service = Assert.Single(mesh.Services).Service!;
        Assert.Equal([90u, 10u], service.WeightedWaypoints.Select(static waypoint => waypoint.Weight));
        Assert.Equal(new NamespacedHostname("b", "old.b"), service.WeightedWaypoints[0].Destination.Hostname);
        Assert.Equal(ServiceVisibility.Namespace, service.Visibility);
    }

    [Fact]
    public void A_policy_reads_back_as_it_was_dumped()
    {
        const string Policy = "{\"name\":\"a\",\"namespace\":\"b\",\"scope\":\"Namespace\",\"action\":\"Deny\",\"dryRun\":false,\"rules\":[[[{"
            + "\"principals\":[{\"Exact\":\"x\"}],\"serviceAccounts\":[{\"namespace\":\"shop\",\"serviceAccount\":\"web\"}],"
            + "\"notSourceIps\":[\"10.0.0.0/8\"],\"destinationPorts\":[80]}]]]}";
        var mesh = Load($"policies:\n- {Policy}");
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes)) PolicyDump.Write(json, mesh.Policies.All[0]);
        Assert.Equal(Policy, Encoding.UTF8.GetString(bytes.ToArray()));
    }

    [Fact]
    public void Text_conditions_may_be_objects_as_in_a_dump()
    {
        var mesh = Load("policies:\n- {name: a, namespace: b, dryRun: false, action: Deny, rules: [[[{namespaces: [{\"Prefix\": \"sh\"}]}]]]}");
        Assert.Equal(new TextMatch(TextMatchKind.Prefix, "sh"), mesh.Policies.All[0].Rules[0].Clauses[0].Matches[0].Namespaces[0]);
    }

    [Fact]
    public void Twenty_thousand_workloads_load_in_time()
    {
        var yaml = new StringBuilder("policies: []\nservices: []\nworkloads:\n");
        for (var i = 0; i < 20_000; i++)
        {
            yaml.Append($"- uid: cluster1//v1/Pod/ns{i % 200}/app-{i / 10}-6f7d8c9b5d-{i:05}\n  name: app-{i / 10}-6f7d8c9b5d-{i:05}\n  namespace: ns{i % 200}\n")
                .Append($"  serviceAccount: app-{i / 10}\n  workloadIps: [\"10.{100 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}\"]\n  protocol: HBONE\n  node: node-{i % 1000}\n")
                .Append("  network: \"\"\n  trustDomain: cluster.local\n").Append($"  workloadName: app-{i / 10}\n  canonicalName: app-{i / 10}\n  canonicalRevision: v1\n")
                .Append("  clusterId: Kubernetes\n  services: {}\n");
        }

        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(yaml.ToString()));
        var builder = new MeshSnapshotBuilder("node-0");
        var started = TimeProvider.System.GetTimestamp();
        LocalConfig.Load(stream, builder);
        var mesh = builder.Freeze();
        var took = TimeProvider.System.GetElapsedTime(started);
        Assert.Equal(20_000, mesh.WorkloadCount);
        TestContext.Current.TestOutputHelper?.WriteLine($"loaded in {took}");
        Assert.True(took < TimeSpan.FromSeconds(30), $"{took}, even unoptimized and with others at work");
    }
}
