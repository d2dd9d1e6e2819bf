using System.Text;
using System.Text.Json.Nodes;
using Mesh.Cni.Install;

namespace Mesh.Cni.Tests.Install;

public sealed class ConflistEditorTests
{
    private const string Calico = """
        {"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[
          {"type":"calico","log_level":"info","datastore_type":"kubernetes","nodename":"n","mtu":0,"ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"},"kubernetes":{"kubeconfig":"/etc/cni/net.d/calico-kubeconfig"}},
          {"type":"portmap","snat":true,"capabilities":{"portMappings":true}},{"type":"bandwidth","capabilities":{"bandwidth":true}}]}
        """;

    private const string Flannel = """{"name":"cbr0","cniVersion":"0.3.1","plugins":[{"type":"flannel","delegate":{"hairpinMode":true,"isDefaultGateway":true}},{"type":"portmap","capabilities":{"portMappings":true}}]}""";
    private const string Cilium = """{"cniVersion":"0.3.1","name":"cilium","plugins":[{"type":"cilium-cni","enable-debug":false,"log-file":"/var/run/cilium/cilium-cni.log"}]}""";
    private const string Kindnet = """{"cniVersion":"0.3.1","name":"kindnet","plugins":[{"type":"ptp","ipMasq":false,"ipam":{"type":"host-local","dataDir":"/run/cni-ipam-state","routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":"10.244.0.0/24"}]]},"mtu":1500},{"type":"portmap","capabilities":{"portMappings":true}}]}""";
    private const string Aws = """{"cniVersion":"0.4.0","name":"aws-cni","disableCheck":true,"plugins":[{"name":"aws-cni","type":"aws-cni","vethPrefix":"eni","mtu":"9001","podSGEnforcingMode":"strict"},{"name":"egress-cni","type":"egress-cni","enabled":"false"},{"type":"portmap","capabilities":{"portMappings":true},"snat":true}]}""";
    private const string Azure = """{"cniVersion":"0.3.0","name":"azure","plugins":[{"type":"azure-vnet","mode":"transparent","ipsToRouteViaHost":["169.254.20.10"],"ipam":{"type":"azure-vnet-ipam"}}]}""";
    private const string Multus = """{"cniVersion":"0.3.1","name":"multus-cni-network","type":"multus-shim","logLevel":"verbose","clusterNetwork":"/host/run/multus/cni/net.d/10-ovn-kubernetes.conf"}""";
    private const string Stale = """{"name":"x","cniVersion":"0.3.1","plugins":[{"type":"mesh-cni","cni_agent_run_dir":"/old"},{"type":"bridge"},{"type":"mesh-cni"}]}""";

    public static TheoryData<string, int> Lists => new() { { Calico, 3 }, { Flannel, 2 }, { Cilium, 1 }, { Kindnet, 2 }, { Aws, 3 }, { Azure, 1 }, { Stale, 1 } };

    [Theory]
    [MemberData(nameof(Lists))]
    public void Our_plugin_joins_at_the_end_and_nothing_else_changes(string list, int others)
    {
        var joined = ConflistEditor.Insert(Encoding.UTF8.GetBytes(list), Entry())!;
        var before = JsonNode.Parse(list)!.AsObject();
        var after = JsonNode.Parse(joined)!.AsObject();
        var plugins = after["plugins"]!.AsArray();
        Assert.Equal(others + 1, plugins.Count);
        Assert.True(JsonNode.DeepEquals(Entry(), plugins[^1]));
        foreach (var (name, value) in before)
        {
            if (name != "plugins") Assert.True(JsonNode.DeepEquals(value, after[name]));
        }

        var kept = before["plugins"]!.AsArray().Where(p => (string?)p!["type"] != "mesh-cni").ToList();
        for (var i = 0; i < others; i++) Assert.True(JsonNode.DeepEquals(kept[i], plugins[i]));
        Assert.Equal(joined, ConflistEditor.Insert(joined, Entry())); // Byte for byte.
        Assert.True(ConflistEditor.IsValid(joined, out var isList) && isList);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Leaving_gives_back_what_was_there(string list, int others)
    {
        var joined = ConflistEditor.Insert(Encoding.UTF8.GetBytes(list), Entry())!;
        var left = JsonNode.Parse(ConflistEditor.Remove(joined, InstallPlan.PluginType)!)!["plugins"]!.AsArray();
        Assert.Equal(others, left.Count);
        Assert.DoesNotContain(left, p => (string?)p!["type"] == "mesh-cni");
    }

    [Fact]
    public void A_single_plugin_becomes_a_list_under_its_own_name_and_version()
    {
        var joined = JsonNode.Parse(ConflistEditor.Insert(Encoding.UTF8.GetBytes(Multus), Entry())!)!;
        Assert.Equal("multus-cni-network", (string?)joined["name"]);
        Assert.Equal("0.3.1", (string?)joined["cniVersion"]);
        Assert.Equal(["multus-shim", "mesh-cni"], joined["plugins"]!.AsArray().Select(p => (string)p!["type"]!));
        Assert.Null(joined["plugins"]![0]!["cniVersion"]);
    }

    [Fact]
    public void A_changed_entry_of_ours_is_replaced()
    {
        var other = Entry();
        other["cni_agent_run_dir"] = "/elsewhere";
        var joined = ConflistEditor.Insert(ConflistEditor.Insert(Encoding.UTF8.GetBytes(Flannel), other)!, Entry())!;
        Assert.DoesNotContain("elsewhere", Encoding.UTF8.GetString(joined), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"type\":5}")]
    [InlineData("{\"name\":\"x\"}")]
    [InlineData("{\"name\":\"x\",\"name\":\"y\",\"plugins\":[{\"type\":\"a\"}]}")]
    [InlineData("{\"name\":\"x\",\"plugins\":[{\"type\":\"a\",\"type\":\"b\"}]}")]
    [InlineData("{\"name\":\"x\",\"plugins\":[{\"type\":\"a\",\"ipam\":{\"a\":1,\"a\":2}}]}")]
    public void What_is_no_configuration_is_not_touched(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        Assert.False(ConflistEditor.IsValid(bytes, out _));
        Assert.Null(ConflistEditor.Insert(bytes, Entry()));
        Assert.Null(ConflistEditor.Remove(bytes, InstallPlan.PluginType));
    }

    [Theory]
    [InlineData("{\"name\":\"x\",\"plugins\":[]}")]
    [InlineData("{\"name\":\"x\",\"plugins\":[{}]}")]
    [InlineData("{\"plugins\":[{\"type\":\"a\"}]}")]
    public void A_list_that_runs_nothing_is_not_the_one_to_join(string content) =>
        Assert.False(ConflistEditor.IsValid(Encoding.UTF8.GetBytes(content), out _));

    private static JsonObject Entry() => HostInstallTests.PlanFor("/bin", "/conf", "/plugin").Entry();
}
