using System.Text.Json.Nodes;
using Mesh.Cni.Redirect;
using Mesh.Cni.Selection;
using Mesh.Cni.Tests.Redirect;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Cluster;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Tests.Agent;

[Collection("Cluster")]
[Trait("Category", "Cluster")]
public sealed class CniAgentTests(ApiServer server)
{
    private const string Added = "add web web-account";

    [Fact]
    public async Task A_running_pod_joins_when_its_namespace_is_labelled_and_leaves_when_it_no_longer_is()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.RunPodAsync();
        await Task.Delay(700); // Two sweeps: unlabelled pods are left alone.
        Assert.False(world.HasRules());

        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        Assert.True(world.HasRules());
        Assert.True(world.ExemptsProbes());
        Assert.Equal(1, world.Count(Added));

        await world.LabelNamespaceAsync(null);
        await world.UntilAnnotatedAsync(null);
        Assert.False(world.HasRules());
        Assert.False(world.ExemptsProbes());
        Assert.Equal(1, world.Count("delete"));
    }

    [Fact]
    public async Task A_new_pod_is_enrolled_before_the_plugin_gets_its_answer_and_a_plain_one_is_let_pass()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.RunPodAsync(running: false);
        Assert.True((await world.AskAsync("web")).IsSuccess);
        Assert.False(world.HasRules());

        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await AgentWorld.UntilAsync(async () => (await world.AskAsync("web")).IsSuccess && world.HasRules(), "the pod joins");
        Assert.Equal(1, world.Count(Added));
        Assert.Equal(PodAnnotations.Enabled, await world.AnnotationAsync());
        Assert.True((await world.AskAsync("web")).IsSuccess); // The runtime may repeat itself.
        Assert.Equal(1, world.Count(Added));

        var unknown = await world.AskAsync("nobody");
        Assert.Equal((500, "the API server knows no such pod"), (unknown.Status, unknown.Text));
    }

    [Fact]
    public async Task Without_a_ztunnel_a_new_pod_waits_as_pending_and_joins_when_one_connects()
    {
        await using var world = await AgentWorld.StartAsync(server, withZtunnel: false);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        var reply = await world.AskAsync("web");
        Assert.Equal(500, reply.Status);
        Assert.Contains("no ztunnel is connected", reply.Text, StringComparison.Ordinal);
        await world.UntilAnnotatedAsync(PodAnnotations.Pending);
        await world.StartZtunnelAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        Assert.True((await world.AskAsync("web")).IsSuccess);
    }

    [Fact]
    public async Task A_restarted_agent_finds_its_pods_again_and_leaves_their_rules_untouched()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        var rules = Listing(world);
        await world.StopAgentAsync();
        Assert.Equal(rules, Listing(world)); // Whoever stops without certainty changes nothing.
        Assert.True(world.ExemptsProbes());

        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => world.Count("snapshot") == 2, "ztunnel is back");
        Assert.True(world.Count(Added) >= 2); // Named in the snapshot.
        await Task.Delay(700);
        Assert.Equal(rules, Listing(world));
        Assert.Equal(0, world.Count("delete"));
        Assert.Equal(PodAnnotations.Enabled, await world.AnnotationAsync());
    }

    [Fact]
    public async Task A_pod_whose_namespace_cannot_be_found_stays_served_until_its_rules_can_be_taken_out()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        await world.StopAgentAsync();
        world.HideProcesses();
        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => world.Count("snapshot") == 2, "ztunnel is back");
        await world.LabelNamespaceAsync(null);
        await Task.Delay(2000);
        Assert.True(world.HasRules());
        Assert.True(world.ExemptsProbes());
        Assert.Equal(0, world.Count("delete"));
        Assert.Equal(PodAnnotations.Enabled, await world.AnnotationAsync());

        world.ShowProcesses();
        await world.UntilAnnotatedAsync(null);
        Assert.False(world.HasRules());
        Assert.Equal(1, world.Count("delete"));
    }

    [Fact]
    public async Task A_pod_that_came_and_went_unseen_is_let_go_by_the_sweep()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        // A pod of another node is in no copy of this one, as one that was there only while the copy was made anew.
        await world.RunPodAsync(running: false, node: "another-node");
        await AgentWorld.UntilAsync(async () => (await world.AskAsync("web")).IsSuccess && world.HasRules(), "the pod joins");
        await Task.Delay(700); // Two sweeps: it is at the server, so it stays.
        Assert.Equal(0, world.Count("delete"));
        await world.Kubernetes.DeleteAsync(
            Pod.Resource, new ObjectKey(world.Space, "web"), DeleteOptions.Default with { GracePeriod = TimeSpan.Zero }, CancellationToken.None);
        await AgentWorld.UntilAsync(() => world.Count("delete") == 1, "ztunnel let go");
        Assert.False(world.ExemptsProbes());
    }

    [Fact]
    public async Task A_second_ztunnel_gets_the_whole_picture_and_nothing_is_added_twice_to_the_first()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        await world.StartZtunnelAsync();
        Assert.Equal(2, world.Count(Added));
    }

    [Fact]
    public async Task Whatever_somebody_breaks_in_a_pod_or_on_the_node_is_mended()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);

        world.Net.Pod.Run(() => PodWorld.Command("nft", "delete table inet mesh-redirect"));
        await AgentWorld.UntilAsync(() => world.HasRules(), "the pod's rules are back");
        world.Net.Pod.Run(() => PodWorld.Command("ip", "rule del pref 32764"));
        await AgentWorld.UntilAsync(() => PodRedirect.IsIntactAsync(world.Net.Pod, new RedirectSettings()), "the pod's route is back");
        world.Net.Node.Run(() => PodWorld.Command("nft", "delete table inet mesh-probes"));
        await AgentWorld.UntilAsync(() => world.ExemptsProbes(), "the probes' table is back");
        File.WriteAllText(world.At("net.d/10-net.conflist"), """{"name":"a","cniVersion":"0.3.1","plugins":[{"type":"bridge"}]}""");
        await AgentWorld.UntilAsync(() => File.ReadAllText(world.At("net.d/10-net.conflist")).Contains("mesh-cni", StringComparison.Ordinal), "the plugin is back");
    }

    [Fact]
    public async Task A_completed_or_deleted_pod_leaves_no_trace_on_the_node()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        await world.SetStatusAsync("web", "Succeeded");
        await AgentWorld.UntilAsync(() => world.Count("delete") == 1, "ztunnel let go");
        await world.UntilAnnotatedAsync(null);
        Assert.False(world.ExemptsProbes());
    }

    [Fact]
    public async Task Leaving_for_good_frees_the_pods_and_the_node()
    {
        await using var world = await AgentWorld.StartAsync(server);
        await world.LabelNamespaceAsync(EnrolmentRule.Ambient);
        await world.RunPodAsync();
        await world.UntilAnnotatedAsync(PodAnnotations.Enabled);
        await world.StopAgentAsync();
        world.Options = world.Options with { AlwaysUninstalls = true };
        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => world.Count("snapshot") == 2, "ztunnel is back");
        await world.StopAgentAsync();

        Assert.False(world.HasRules());
        Assert.False(world.Net.Node.Run(() => Ruleset.Read(ProbeRules.TableName)).HasValue);
        Assert.Null(await world.AnnotationAsync());
        Assert.Equal(1, world.Count("delete"));
        var plugins = JsonNode.Parse(File.ReadAllText(world.At("net.d/10-net.conflist")))!["plugins"]!.AsArray();
        Assert.Equal(["bridge"], plugins.Select(p => (string)p!["type"]!));
        Assert.True(File.Exists(world.At("bin/mesh-cni")));
    }

    [Fact]
    public async Task Only_root_may_speak_to_the_agent()
    {
        await using var world = await AgentWorld.StartAsync(server, withZtunnel: false);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(world.At("run/pluginevent.sock")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(world.At("run")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(world.At("ztunnel.sock")));
    }

    private static string Listing(AgentWorld world) =>
        System.Text.RegularExpressions.Regex.Replace(world.Net.Pod.Run(() => PodWorld.Command("nft", "-a list ruleset")), "counter packets \\d+ bytes \\d+", "counter");
}
