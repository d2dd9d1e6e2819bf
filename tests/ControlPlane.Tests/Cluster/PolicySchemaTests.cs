using System.Text.Json.Nodes;
using Mesh.ControlPlane.Resources;
using Mesh.Daemon.Logging;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Tests.Cluster;

/// <summary>What a real API server says to policies under the definitions that the operator installs, and what becomes of those it lets in.</summary>
[Trait("Category", "Cluster")]
public sealed class PolicySchemaTests(ApiServer api) : IClassFixture<ApiServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private int _made;

    [Fact]
    public async Task Mistyped_policies_are_refused_legal_ones_accepted_and_the_rest_is_closed_and_told()
    {
        using var client = api.Connect();
        foreach (var name in (string[])["authorizationpolicies", "peerauthentications"])
            await api.KubectlAsync(ApiServer.Read($"src/Operator/Charts/{name}.crd.yaml"), "apply");
        await UntilAsync(async () => (await api.TryKubectlAsync(Policy("first", "{}"), "apply")).Code == 0);
        await UntilAsync(async () => (await api.TryKubectlAsync(Peer("first", "{}"), "apply")).Code == 0);

        foreach (var (spec, words) in ((string, string)[])
        [
            ("""{"action":"Deny"}""", "Unsupported value"),
            ("""{"action":""}""", "Unsupported value"),
            ("""{"rules":[{"to":[{"operation":{"ports":[8080]}}]}]}""", "must be of type string"),
            ("""{"rules":[null]}""", "must be of type object"),
            ("""{"rules":[{"from":[null]}]}""", "must be of type object"),
            ("""{"rules":[{"when":[null]}]}""", "must be of type object"),
            ("""{"rules":[{"when":[{"values":["a"]}]}]}""", "Required value"),
            ("""{"rules":[{"from":[{"source":{"ipBlocks":[null]}}]}]}""", "must be of type string"),
            ("""{"rules":[{"from":[{"source":{"principals":[null]}}]}]}""", "must be of type string"),
            ("""{"selector":{"matchLabels":{"app":7}}}""", "must be of type string"),
            ("""{"targetRefs":[{"kind":"Gateway"}]}""", "Required value"),
            ("""["x"]""", "must be of type object"),
        ]) await RefusedAsync(Policy("bad", spec), words);
        foreach (var (spec, words) in ((string, string)[])
        [
            ("""{"mtls":{"mode":"strict"}}""", "Unsupported value"),
            ("""{"mtls":"STRICT"}""", "must be of type object"),
            ("""{"portLevelMtls":{"8080":null}}""", "at least 1"),
            ("""{"portLevelMtls":{"8080":{"mode":"on"}}}""", "Unsupported value"),
            ("""{"portLevelMtls":{}}""", "at least 1"),
        ]) await RefusedAsync(Peer("bad", spec), words);
        foreach (var spec in (string[])
        [
            """{"action":"ALLOW","rules":[{}]}""",
            """{"action":"AUDIT","rules":[{"from":[{}],"to":[{}]}]}""",
            """{"action":"CUSTOM","provider":{"name":"x"},"rules":[{"to":[{"operation":{"paths":["/a/{*}"],"hosts":["h"],"methods":["GET"],"notPorts":["1"]}}]}]}""",
            """{"selector":{"matchLabels":{"app":"x"}},"action":"DENY","rules":[{"from":[{"source":{"principals":["*"],"notNamespaces":["a"],"serviceAccounts":["a/b"],"ipBlocks":["10.0.0.0/8"],"requestPrincipals":["*"],"notRemoteIpBlocks":["1.2.3.4"]}}],"when":[{"key":"request.headers[x]","notValues":["y"]}]}]}""",
            """{"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"w"}]}""",
            """{"targetRef":{"group":"","kind":"Service","name":"w"}}""",
        ]) await AcceptedAsync(Policy($"fine-{++_made}", spec));
        foreach (var spec in (string[])
        [
            """{"mtls":{"mode":"UNSET"}}""", """{"mtls":{}}""",
            """{"selector":{"matchLabels":{"app":"x"}},"mtls":{"mode":"PERMISSIVE"},"portLevelMtls":{"8080":{"mode":"STRICT"},"9090":{}}}""",
        ]) await AcceptedAsync(Peer($"fine-{++_made}", spec));

        // What no schema of types can refuse is closed, and its author told on the object.
        Assert.Equal("", await AppliedAsync(Policy("good", """{"action":"DENY","rules":[{"from":[{"source":{"ipBlocks":["10.0.0.0/99"]}}]}]}""")));
        var odd = JsonNode.Parse("""{"spec":{"rules":[{"form":[{"source":{"namespaces":["a"]}}]}]}}""")!;
        Assert.Null((await client.TryPatchAsync(AuthorizationPolicyObject.Forms[0], new ObjectKey("default", "first"), PatchKind.Merge, odd, WriteOptions.Default, CancellationToken.None)).Error);
        await RunUntilToldAsync(client);
    }

    private static async Task RunUntilToldAsync(KubernetesClient client)
    {
        await client.CreateAsync(Namespace.Resource, new Namespace { Metadata = new ObjectMeta { Name = "istio-system" } }, CancellationToken.None);
        using var log = new Log(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var options = new ControlPlaneOptions { SecurePort = 0, MonitoringPort = 0, HealthPort = 0, DrainWindow = TimeSpan.Zero };
        await using var program = new ControlPlaneProgram(options, client, TimeProvider.System, new Random(1), log);
        using var stop = new CancellationTokenSource();
        var running = program.RunAsync(new Random(1), stop.Token);
        await UntilAsync(() => Task.FromResult(program.IsReady || running.IsCompleted));

        Assert.True(program.Server.Snapshot.PolicyCount >= 2);
        await UntilAsync(async () => await ToldAsync(client, "good", "10.0.0.0/99") && await ToldAsync(client, "first", "form"));
        using var http = new HttpClient();
        var plain = program.Urls.First(url => url.StartsWith("http://", StringComparison.Ordinal)).Replace("[::]", "localhost", StringComparison.Ordinal);
        var page = await http.GetStringAsync(new Uri(plain + "/debug/ambientz"));
        Assert.Contains("AuthorizationPolicy/default/good", page, StringComparison.Ordinal);
        Assert.Contains("mesh_control_plane_policies_malformed 2", await http.GetStringAsync(new Uri(plain + "/metrics")), StringComparison.Ordinal);

        await stop.CancelAsync();
        Assert.True(await running.WaitAsync(Patience));
    }

    private static async Task<bool> ToldAsync(KubernetesClient client, string name, string words)
    {
        var events = await client.ListAsync(Event.Resource, new ListOptions { Namespace = "default" }, CancellationToken.None);
        return events.Items.Any(e => e.Reason == "Malformed" && e.Regarding?.Name == name && e.Note?.Contains(words, StringComparison.Ordinal) == true);
    }

    private async Task RefusedAsync(string manifest, string words)
    {
        var output = await AppliedAsync(manifest);
        Assert.True(output.Contains(words, StringComparison.Ordinal), $"{manifest}\n{output}");
    }

    private async Task AcceptedAsync(string manifest)
    {
        var output = await AppliedAsync(manifest);
        Assert.True(output.Length == 0, $"{manifest}\n{output}");
    }

    private async Task<string> AppliedAsync(string manifest)
    {
        var (code, output) = await api.TryKubectlAsync(manifest, "apply", "--validate=false");
        return code == 0 ? "" : output;
    }

    private static string Policy(string name, string spec) =>
        "{\"apiVersion\":\"security.istio.io/v1\",\"kind\":\"AuthorizationPolicy\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"default\"},\"spec\":" + spec + "}";

    private static string Peer(string name, string spec) =>
        "{\"apiVersion\":\"security.istio.io/v1beta1\",\"kind\":\"PeerAuthentication\",\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"default\"},\"spec\":" + spec + "}";

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition()) await Task.Delay(100, limit.Token);
    }
}
