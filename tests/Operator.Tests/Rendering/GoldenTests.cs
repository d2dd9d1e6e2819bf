using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Tests.Rendering;

/// <summary>What each profile installs, whole. MESH_UPDATE_GOLDEN=1 writes the files anew: read the difference before you commit it.</summary>
public sealed class GoldenTests
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, NewLine = "\n" };
    private static readonly MeshRenderer s_renderer = new(new ChartTemplates());

    [Theory]
    [InlineData("minimal", """{"version":"1.4.2","profile":"minimal"}""", "1.31")]
    [InlineData("default", """{"version":"1.4.2"}""", "1.31")]
    [InlineData("ha", """{"version":"1.4.2","profile":"ha"}""", "1.31")]
    [InlineData("demo-on-1.20", """{"version":"1.4.2","profile":"demo"}""", "1.20")]
    [InlineData("everything-set", """
        {"version":"1.4.2","namespace":"m","nodeNamespace":"n",
         "images":{"registry":"r.example/x","tag":"t","pullPolicy":"Always","pullSecrets":["s"],"overrides":{"cni":"other.example/cni:1"}},
         "controlPlane":{"replicas":4,"logLevel":"debug","env":[{"name":"EXTRA","value":"1"},{"name":"NETWORK","value":"mine"}],"nodeSelector":{"a":"b"},"tolerations":[{"operator":"Exists"}],"affinity":{"nodeAffinity":{}},"podLabels":{"team":"x","app":"stolen"},"podAnnotations":{"note":"y"}},
         "ztunnel":{"logLevel":"info,access=warn","logFormat":"json","resources":{"requests":{"cpu":"1"},"limits":{"memory":"1Gi"}}},
         "cni":{"enabled":true,"binDir":"/b","confDir":"/c","netnsDir":"/d","excludeNamespaces":["kube-system","x"],"env":[{"name":"HOST_NETNS_PATH","value":"/host/netns"}]},
         "mesh":{"trustDomain":"td.example","clusterName":"c1","network":"n1"},"ca":{"workloadCertTTL":"1h","crlRef":{"name":"lists","key":"all.pem"}}}
        """, "1.31")]
    [InlineData("without-cni", """{"version":"1.4.2","profile":"minimal","cni":{"enabled":false}}""", "1.31")]
    public void A_rendering_is_what_was_reviewed(string name, string spec, string kubernetes)
    {
        var rendered = s_renderer.Render(Given.Plan(spec, kubernetes));
        var text = new JsonArray([.. rendered.Select(one => one.Object.Json.DeepClone())]).ToJsonString(s_indented) + "\n";
        var file = Path.Combine(Repository(), "tests/Operator.Tests/Golden", name + ".json");
        if (Environment.GetEnvironmentVariable("MESH_UPDATE_GOLDEN") == "1") File.WriteAllText(file, text);
        Assert.Equal(File.ReadAllText(file), text);
    }

    [Fact]
    public void Rendering_twice_gives_the_same_digest_and_a_change_gives_another()
    {
        static string Digest(string spec) => MeshRenderer.DigestOf(s_renderer.Render(Given.Plan(spec)));

        Assert.Equal(Digest("""{"version":"1.4.2"}"""), Digest("""{"version":"1.4.2"}"""));
        Assert.NotEqual(Digest("""{"version":"1.4.2"}"""), Digest("""{"version":"1.4.2","ztunnel":{"logLevel":"debug"}}"""));
    }

    [Fact]
    public void No_value_can_leave_its_place()
    {
        const string Evil = "x\"\n  privileged: true\n---\nkind: ClusterRole # {{json version}} ${a}";
        var spec = new JsonObject
        {
            ["version"] = "1.4.2",
            ["controlPlane"] = new JsonObject { ["podAnnotations"] = new JsonObject { ["evil"] = Evil }, ["env"] = new JsonArray(new JsonObject { ["name"] = "A", ["value"] = Evil }) },
        };
        var plain = s_renderer.Render(Given.Plan());
        var rendered = s_renderer.Render(Given.Plan(spec.ToJsonString()));

        Assert.Equal(plain.Select(one => one.Id), rendered.Select(one => one.Id));
        var template = rendered.Single(one => one.Object.Kind == "Deployment").Object.Spec!["template"]!;
        Assert.Equal(Evil, (string?)template["metadata"]!["annotations"]!["evil"]);
        Assert.Equal(Evil, (string?)template["spec"]!["containers"]![0]!["env"]!.AsArray().Single(one => (string?)one!["name"] == "A")!["value"]);
    }

    [Fact]
    public void Waves_come_in_order_and_every_object_but_namespaces_has_its_owner()
    {
        var rendered = s_renderer.Render(Given.Plan());
        Assert.Equal(rendered.Select(one => one.Wave), rendered.Select(one => one.Wave).Order());
        Assert.Equal(4, rendered.Single(one => one.Object.Metadata.Key.Name == "ztunnel" && one.Object.Kind == "DaemonSet").Wave);
        Assert.Equal(3, rendered.Single(one => one.Object.Metadata.Key.Name == "mesh-cni" && one.Object.Kind == "DaemonSet").Wave);
        Assert.Equal(2, rendered.Single(one => one.Object.Kind == "Deployment").Wave);
        Assert.Equal(rendered.Count, rendered.Select(one => one.Id).Distinct().Count());
        foreach (var one in rendered)
        {
            Assert.Equal(one.Object.Kind != "Namespace", one.Object.Metadata.FindController()?.Uid == "11111111-2222-3333-4444-555555555555");
            Assert.Equal("mesh-operator", one.Object.Metadata.Labels.Find("app.kubernetes.io/managed-by"));
        }
    }

    [Fact]
    public void Every_kind_the_templates_emit_is_watched_and_pruned()
    {
        var watched = Mesh.Operator.Install.WorkloadTypes.Managed(["m", "n"]).Select(one => one.Type.Kind).ToHashSet(StringComparer.Ordinal);
        watched.Add("Namespace"); // Kept or removed by what its annotation says.
        Assert.Subset(watched, s_renderer.Render(Given.Plan()).Select(one => one.Object.Kind).ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/var/run/netns")]
    [InlineData("/run/netns")]
    [InlineData("/data/containers/netns")]
    public void The_agent_sees_the_namespaces_under_the_name_that_the_runtime_says(string folder)
    {
        var pod = s_renderer.Render(Given.Plan($$$"""{"version":"1.4.2","cni":{"enabled":true,"netnsDir":"{{{folder}}}"}}"""))
            .Single(one => one.Object.Kind == "DaemonSet" && one.Object.Metadata.Name == "mesh-cni").Object.Spec!["template"]!["spec"]!;
        var mount = pod["containers"]![0]!["volumeMounts"]!.AsArray().Single(one => (string?)one!["name"] == "host-netns")!;
        var volume = pod["volumes"]!.AsArray().Single(one => (string?)one!["name"] == "host-netns")!;
        Assert.Equal((folder, "/host" + folder), ((string?)volume["hostPath"]!["path"], (string?)mount["mountPath"]));
    }

    [Fact]
    public void The_definitions_of_policies_are_readable() => Assert.Equal(
        ["authorizationpolicies.security.istio.io", "peerauthentications.security.istio.io"],
        ChartTemplates.Definitions().Select(one => (string?)one["metadata"]!["name"]));

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
