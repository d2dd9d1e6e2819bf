using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Install;

namespace Mesh.Operator.Tests.Cluster;

/// <summary>The operator against a real API server, with the rights of its own manifests.</summary>
[Trait("Category", "Cluster")]
public sealed class InstallTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static readonly CancellationToken s_stop = CancellationToken.None;

    [Fact]
    public async Task An_installation_goes_wave_by_wave_and_then_writes_nothing_more()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        await world.ApplyAsync("""{"version":"0.1.0"}""");

        var first = await world.UntilAsync("the control plane is awaited", mesh => mesh.Status.Components is [{ Name: "control-plane" }]);
        Assert.Equal("Installing", first.Status.Phase);
        Assert.Equal("False", first.Status.FindCondition("Ready")!.Status);
        Assert.Equal("True", first.Status.FindCondition("Reconciling")!.Status);
        Assert.Null(first.Status.FindCondition("Stalled"));
        await Task.Delay(500);
        Assert.Null(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "mesh-cni"), s_stop));

        await world.MarkReadyAsync(WorkloadTypes.Deployments, "mesh-system", "mesh-control-plane");
        await world.UntilAsync("the agent is awaited", mesh => mesh.Status.Components is [_, { Name: "cni" }]);
        Assert.Null(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "ztunnel"), s_stop));
        await world.MarkReadyAsync(WorkloadTypes.DaemonSets, "mesh-node", "mesh-cni");
        await world.UntilAsync("ztunnel is awaited", mesh => mesh.Status.Components is [_, _, { Name: "ztunnel" }]);
        await world.MarkReadyAsync(WorkloadTypes.DaemonSets, "mesh-node", "ztunnel");
        var ready = await world.UntilReadyAsync();

        Assert.Equal("Ready", ready.Status.Phase);
        Assert.Equal("0.1.0", ready.Status.CurrentVersion);
        Assert.Null(ready.Status.FindCondition("Reconciling"));
        Assert.Contains("1.20 has no DaemonSet maxSurge", ready.Status.Resolved!.ZtunnelRollout, StringComparison.Ordinal);
        var before = await world.VersionsAsync();
        Assert.True(before.Count > 15, string.Join(", ", before.Keys));
        // Wakes the reconciler without a change of the spec.
        var poke = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["poke"] = "1" } } };
        await world.Kubernetes.PatchAsync(WorkloadTypes.Services, new ObjectKey("mesh-system", "istiod"), PatchKind.Merge, poke, s_stop);
        await Task.Delay(2000);
        var after = await world.VersionsAsync();
        before.Remove("Service mesh-system/istiod");
        after.Remove("Service mesh-system/istiod");
        Assert.Equal(before, after);
        var events = await world.EventReasonsAsync();
        Assert.Contains("InstallStarted", events);
        Assert.Contains("InstallCompleted", events);
    }

    [Fact]
    public async Task Edits_and_losses_are_put_back()
    {
        await using var world = await ReadyWorldAsync();
        var key = new ObjectKey("mesh-node", "ztunnel");
        var edit = JsonNode.Parse("""[{"op":"replace","path":"/spec/template/spec/terminationGracePeriodSeconds","value":7}]""")!;
        await world.Kubernetes.PatchAsync(WorkloadTypes.DaemonSets, key, PatchKind.Json, edit, s_stop);
        await UntilAsync(async () => (int?)(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, key, s_stop))?.Spec?["template"]?["spec"]?["terminationGracePeriodSeconds"] == 30);
        await UntilAsync(async () => (await world.EventReasonsAsync()).Contains("DriftCorrected"));

        await world.Kubernetes.DeleteAsync(WorkloadTypes.Services, new ObjectKey("mesh-system", "istiod"), DeleteOptions.Default, s_stop);
        await UntilAsync(async () => await world.Kubernetes.FindAsync(WorkloadTypes.Services, new ObjectKey("mesh-system", "istiod"), s_stop) is not null);
        await world.UntilReadyAsync();
    }

    [Fact]
    public async Task With_drift_policy_warn_an_edit_stays_and_is_reported()
    {
        await using var world = await ReadyWorldAsync("""{"version":"0.1.0","driftPolicy":"Warn"}""");
        var edit = JsonNode.Parse("""[{"op":"replace","path":"/spec/replicas","value":5}]""")!;
        await world.Kubernetes.PatchAsync(WorkloadTypes.Deployments, new ObjectKey("mesh-system", "mesh-control-plane"), PatchKind.Json, edit, s_stop);
        var drifted = await world.UntilAsync("drift is reported", mesh => mesh.Status.FindCondition("Drifted") is { Status: "True" });
        Assert.Equal(1, drifted.Status.Inventory!.Drifted);
        await Task.Delay(1000);
        var live = await world.Kubernetes.FindAsync(WorkloadTypes.Deployments, new ObjectKey("mesh-system", "mesh-control-plane"), s_stop);
        Assert.Equal(5, (int)live!.Spec!["replicas"]!);
    }

    [Fact]
    public async Task An_operator_that_dies_midway_is_followed_by_one_that_finishes()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        var first = await world.StartOperatorAsync();
        await world.ApplyAsync("""{"version":"0.1.0","profile":"minimal"}""");
        await world.UntilAsync("the control plane is awaited", mesh => mesh.Status.Components is [{ Name: "control-plane" }]);
        await InstallWorld.StopAsync(first);
        world.RunControllers();
        await Task.Delay(300);
        await world.StartOperatorAsync();
        await world.UntilReadyAsync();
    }

    [Fact]
    public async Task A_deletion_takes_everything_away_in_the_safe_order()
    {
        await using var world = await ReadyWorldAsync();
        // A pod that is still enrolled holds ztunnel back.
        await server.RunKubectlAsync("create", "namespace", "shop");
        await server.RunKubectlAsync("create", "configmap", "istio-ca-root-cert", "-n", "shop");
        await server.RunKubectlAsync("label", "configmap", "istio-ca-root-cert", "-n", "shop", "app.kubernetes.io/managed-by=mesh-control-plane");
        await server.RunKubectlAsync("create", "configmap", "other", "-n", "shop");
        await server.RunKubectlAsync("create", "namespace", "other-mesh");
        await server.RunKubectlAsync("create", "configmap", "istio-ca-root-cert", "-n", "other-mesh");
        var pod = KubernetesObject.Parse("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"cart","namespace":"shop","annotations":{"ambient.istio.io/redirection":"enabled"}},"spec":{"containers":[{"name":"a","image":"a"}]}}"""u8);
        var pods = KubernetesObject.TypeOf("", "v1", "pods", "Pod", namespaced: true);
        await world.Kubernetes.CreateAsync(pods, pod, s_stop);
        await world.Kubernetes.DeleteAsync(Api.MeshInstall.Resource, ObjectKey.ClusterScoped("default"), DeleteOptions.Default, s_stop);
        await world.UntilAsync("the enrolled pod is named", mesh => mesh.Status.FindCondition("Ready")!.Message.Contains("shop/cart", StringComparison.Ordinal));
        Assert.Null(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "mesh-cni"), s_stop));
        Assert.NotNull(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "ztunnel"), s_stop));

        await world.Kubernetes.DeleteAsync(pods, new ObjectKey("shop", "cart"), DeleteOptions.Default with { GracePeriod = TimeSpan.Zero }, s_stop);
        await world.UntilGoneAsync();

        var left = await world.VersionsAsync();
        left.Remove("MeshInstall");
        Assert.Empty(left);
        await server.RunKubectlAsync("get", "crd", "authorizationpolicies.security.istio.io", "peerauthentications.security.istio.io");
        Assert.DoesNotContain("istio-ca-root-cert", await server.RunKubectlAsync("get", "configmaps", "-n", "shop"), StringComparison.Ordinal);
        await server.RunKubectlAsync("get", "configmap", "other", "-n", "shop");
        await server.RunKubectlAsync("get", "configmap", "istio-ca-root-cert", "-n", "other-mesh"); // Somebody else's.
        await server.RunKubectlAsync("delete", "namespace", "shop", "other-mesh");
    }

    [Fact]
    public async Task Orphaned_objects_stay_without_an_owner_and_a_new_mesh_adopts_them()
    {
        await using var world = await ReadyWorldAsync("""{"version":"0.1.0","deletionPolicy":"Orphan"}""");
        var key = new ObjectKey("mesh-node", "ztunnel");
        var before = await world.Kubernetes.GetAsync(WorkloadTypes.DaemonSets, key, s_stop);
        await world.DeleteMeshAsync();
        var orphan = await world.Kubernetes.GetAsync(WorkloadTypes.DaemonSets, key, s_stop);
        Assert.Equal(before.Metadata.Uid, orphan.Metadata.Uid);
        Assert.Empty(orphan.Metadata.OwnerReferences);

        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        var adopted = await world.Kubernetes.GetAsync(WorkloadTypes.DaemonSets, key, s_stop);
        Assert.Equal(before.Metadata.Uid, adopted.Metadata.Uid);
        Assert.Single(adopted.Metadata.OwnerReferences);
    }

    [Fact]
    public async Task A_mesh_that_no_longer_brings_the_agent_removes_it()
    {
        await using var world = await ReadyWorldAsync();
        await world.ApplyAsync("""{"version":"0.1.0","cni":{"enabled":false}}""");
        await UntilAsync(async () => await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "mesh-cni"), s_stop) is null);
        var ready = await world.UntilReadyAsync();
        Assert.Null(ready.Status.FindCondition("CNIReady"));
    }

    [Fact]
    public async Task A_namespace_that_was_there_before_survives_the_mesh()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await server.RunKubectlAsync("create", "namespace", "mesh-node");
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        await world.DeleteMeshAsync();
        var found = await world.Kubernetes.FindAsync(Namespace.Resource, ObjectKey.ClusterScoped("mesh-node"), s_stop);
        Assert.False(found!.Metadata.IsBeingDeleted);
        var left = await world.VersionsAsync();
        Assert.Equal(["MeshInstall", "Namespace mesh-node"], left.Keys);
        await server.RunKubectlAsync("delete", "namespace", "mesh-node");
    }

    [Fact]
    public async Task An_agent_that_is_taken_out_of_a_running_mesh_keeps_its_rights_until_its_pods_are_gone()
    {
        await using var world = await ReadyWorldAsync();
        await world.RunPodAsync("mesh-node", "mesh-cni", "mesh-cni-x");
        await world.ApplyAsync("""{"version":"0.1.0","cni":{"enabled":false}}""");
        await UntilAsync(async () => await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "mesh-cni"), s_stop) is null);
        var waiting = await world.UntilAsync("the agents are awaited", mesh =>
            mesh.Status.FindCondition("Reconciling") is { } condition && condition.Message.Contains("pods of mesh-cni", StringComparison.Ordinal));
        Assert.Equal("False", waiting.Status.FindCondition("Ready")!.Status);
        await Task.Delay(2000);
        Assert.Equal("ServiceAccount RoleBinding ClusterRoleBinding", await world.AgentRightsAsync());

        await world.EndPodAsync("mesh-node", "mesh-cni-x");
        await world.UntilReadyAsync();
        Assert.Equal("", await world.AgentRightsAsync());
    }

    [Fact]
    public async Task A_deletion_of_long_ago_still_waits_for_the_agents_and_their_rights_outlive_them()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        // What an operator sees that was down when the mesh was deleted, or whose clock is ahead.
        var clock = new ClockAhead(TimeSpan.FromMinutes(10));
        await world.StartOperatorAsync(clock);
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        await world.RunPodAsync("mesh-node", "mesh-cni", "mesh-cni-x");
        await world.Kubernetes.DeleteAsync(Api.MeshInstall.Resource, ObjectKey.ClusterScoped("default"), DeleteOptions.Default, s_stop);
        await world.UntilAsync("the agents are awaited", mesh => mesh.Status.FindCondition("Removing") is { Reason: "Agents" });
        await Task.Delay(3000);
        Assert.NotNull(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "ztunnel"), s_stop));
        Assert.Equal("ServiceAccount RoleBinding ClusterRoleBinding", await world.AgentRightsAsync());

        clock.Advance(TimeSpan.FromSeconds(80)); // Now it is a node that is dead.
        await world.UntilAsync("only the rights are left", mesh => mesh.Status.FindCondition("Removing") is { Reason: "Accounts" });
        Assert.Null(await world.Kubernetes.FindAsync(WorkloadTypes.DaemonSets, new ObjectKey("mesh-node", "ztunnel"), s_stop));
        Assert.Null(await world.Kubernetes.FindAsync(WorkloadTypes.Deployments, new ObjectKey("mesh-system", "mesh-control-plane"), s_stop));
        Assert.Contains("ForceCleanup", await world.EventReasonsAsync());
        await Task.Delay(2000);
        Assert.Equal("ServiceAccount RoleBinding ClusterRoleBinding", await world.AgentRightsAsync());

        clock.Advance(TimeSpan.FromSeconds(80));
        await world.UntilGoneAsync();
        Assert.Equal("", await world.AgentRightsAsync());
    }

    [Fact]
    public async Task A_binding_that_is_not_the_meshs_is_out_of_the_operators_reach()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        using var client = server.Connect(asOperator: true);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["poke"] = "1" } } };
        (ResourceType<KubernetesObject> Type, ObjectKey Key)[] others =
        [
            (WorkloadTypes.ClusterRoleBindings, ObjectKey.ClusterScoped("cluster-admin")),
            (WorkloadTypes.ClusterRoleBindings, ObjectKey.ClusterScoped("mesh-operator")), // Its own rights.
            (WorkloadTypes.RoleBindings, new ObjectKey("kube-system", "system::leader-locking-kube-scheduler")),
        ];
        foreach (var (type, key) in others)
        {
            Assert.NotNull(await world.Kubernetes.FindAsync(type, key, s_stop));
            Assert.Equal(ApiErrorReason.Forbidden, (await client.TryPatchAsync(type, key, PatchKind.Merge, patch, WriteOptions.Default, s_stop)).Error!.Reason);
            var refused = await Assert.ThrowsAsync<ApiException>(() => client.DeleteAsync(type, key, DeleteOptions.Default with { DryRun = true }, s_stop));
            Assert.Equal(ApiErrorReason.Forbidden, refused.Reason);
        }
    }

    private async Task<InstallWorld> ReadyWorldAsync(string spec = """{"version":"0.1.0"}""")
    {
        var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync(spec);
        await world.UntilReadyAsync();
        return world;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (await holds()) return;
            await Task.Delay(100);
        }
        Assert.Fail("did not come true within 20 s");
    }
}
