using Mesh.Demo;
using Mesh.Demo.Proof;

namespace Mesh.EndToEnd.Tests;

/// <summary>What keeps working while a part of the mesh is gone.</summary>
[Trait("Category", "EndToEnd")]
public sealed class Resilience(MeshedCluster mesh)
{
    private const string MeshNamespace = "mesh-system";
    private const string NodeNamespace = "mesh-node";

    [Fact]
    public async Task Known_pods_reach_each_other_while_the_control_plane_is_gone_for_a_minute()
    {
        await mesh.EnrolledAsync();
        await using var held = await HeldConnection.OpenAsync(mesh.Cluster);
        await ScaleAsync("mesh-operator", "mesh-operator", 0); // Else it heals what this test breaks.
        try
        {
            await ScaleAsync(MeshNamespace, "mesh-control-plane", 0);
            await mesh.KillAsync(MeshNamespace, "app=mesh-control-plane");
            var end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
            for (var round = 0; DateTime.UtcNow < end; round++)
            {
                var asked = await mesh.Walk.Workloads.AskAsync($"no-control-plane-{round}");
                Assert.True(asked.Succeeded, $"a new connection failed {round} rounds in: {asked.Error}");
                await Task.Delay(TimeSpan.FromSeconds(3));
            }

            Assert.True(await held.EchoesAsync("still-here"), "the connection that was open before was lost");
        }
        finally
        {
            await ScaleAsync("mesh-operator", "mesh-operator", 1);
            await mesh.SettledAsync();
        }
    }

    [Fact]
    public async Task Traffic_recovers_after_a_ztunnel_is_killed_and_no_application_restarts()
    {
        await mesh.EnrolledAsync();
        var before = await StatesAsync();
        await mesh.KillAsync(NodeNamespace, "app=ztunnel");
        await Cluster.UntilAsync(
            "traffic flows again",
            async () => (await mesh.Walk.Workloads.AskAsync("recovered")).Succeeded ? "yes" : null);
        await mesh.Walk.UntilEncryptedAsync();
        Assert.Equal(before, await StatesAsync());
    }

    [Fact]
    public async Task Restarting_the_node_agent_leaves_rules_and_open_connections_alone()
    {
        await mesh.EnrolledAsync();
        var rules = await RulesAsync();
        Assert.Contains("15001", rules, StringComparison.Ordinal);
        await using var held = await HeldConnection.OpenAsync(mesh.Cluster);
        await mesh.KillAsync(NodeNamespace, "app=mesh-cni");
        await mesh.SettledAsync();
        await Task.Delay(TimeSpan.FromSeconds(5)); // Time in which a careless agent would have re-applied everything.

        Assert.Equal(rules, await RulesAsync());
        Assert.True(await held.EchoesAsync("after-agent"), "the connection that was open before was lost");
        Assert.True((await mesh.Walk.Workloads.AskAsync("after-agent")).Succeeded);
    }

    [Fact]
    public async Task A_pod_created_in_an_enrolled_namespace_is_in_the_mesh_from_its_first_packet()
    {
        await mesh.EnrolledAsync();
        var since = DateTimeOffset.UtcNow.AddSeconds(-2);
        var image = (await mesh.Walk.Workloads.PodAsync("client"))["spec"]!["containers"]![0]!["image"]!.GetValue<string>();
        await mesh.Cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: newcomer, namespace: {{Workloads.Namespace}}}
            spec:
              serviceAccountName: client
              restartPolicy: Never
              containers:
              - {name: ask, image: "{{image}}", command: [curl, -sS, --retry, "5", --retry-connrefused, --max-time, "20", "{{Workloads.ServerUrl}}/newcomer"]}
            """);
        try
        {
            await Cluster.UntilAsync(
                "the newcomer asked and ended well",
                async () => (await mesh.Walk.Workloads.PodAsync("newcomer"))["status"]?["phase"]?.GetValue<string>() == "Succeeded" ? "yes" : null,
                async () => (await mesh.Cluster.TryAsync(["describe", "pod", "newcomer", "-n", Workloads.Namespace])).Text);
            var serverNode = (await mesh.Walk.Workloads.PodAsync("server"))["spec"]!["nodeName"]!.GetValue<string>();
            await Cluster.UntilAsync(
                $"{serverNode} logged the newcomer with its identity",
                async () => (await mesh.Proxies.AccessLinesAsync(serverNode, since)).Find(
                    line => line.Contains("newcomer", StringComparison.Ordinal) && line.Contains("sa/client", StringComparison.Ordinal)));
        }
        finally
        {
            await mesh.Cluster.RunAsync("delete", "pod", "newcomer", "-n", Workloads.Namespace, "--wait=false");
        }
    }

    private Task<string> ScaleAsync(string ns, string deployment, int replicas) =>
        mesh.Cluster.RunAsync("scale", $"deployment/{deployment}", "-n", ns, $"--replicas={replicas}");

    private async Task<(PodState Client, PodState Server)> StatesAsync() =>
        (await PodState.ReadAsync(mesh.Cluster, "client"), await PodState.ReadAsync(mesh.Cluster, "server"));

    /// <summary>The server pod's rules with their handles: a handle changes whenever a rule is written anew.</summary>
    private async Task<string> RulesAsync()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"))) Assert.Skip("needs the nodes' processes on this machine");
        var uid = (await mesh.Walk.Workloads.PodAsync("server"))["metadata"]!["uid"]!.GetValue<string>();
        var process = Directory.GetDirectories("/proc").Select(Path.GetFileName).First(id => int.TryParse(id, out _) && CgroupOf(id!).Contains(uid, StringComparison.Ordinal));
        var rules = await Command.RunAsync("nsenter", ["--net=/proc/" + process + "/ns/net", "nft", "-a", "--stateless", "list", "ruleset"]);
        Assert.True(rules.Succeeded, rules.Error);
        return rules.Text;
    }

    private static string CgroupOf(string process)
    {
        try { return File.ReadAllText($"/proc/{process}/cgroup"); }
        catch (IOException) { return ""; } // It ended while we looked.
    }
}
