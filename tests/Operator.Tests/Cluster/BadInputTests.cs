using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Operator.Install;

namespace Mesh.Operator.Tests.Cluster;

/// <summary>What a user who mistypes is told on a server that knows no CEL, while what ran goes on running.</summary>
[Trait("Category", "Cluster")]
public sealed class BadInputTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static readonly CancellationToken s_stop = CancellationToken.None;

    [Fact]
    public async Task Mistakes_are_answered_in_conditions_and_the_mesh_goes_on()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        var before = await world.VersionsAsync();

        foreach (var (spec, field, value, wayOut) in new[]
        {
            ("""{"version":"9.9.9"}""", "spec.version", "'9.9.9'", "this operator installs 0.1.0 to 0.2.0"),
            ("""{"version":"0.1.0","nodeNamespace":"elsewhere"}""", "spec.nodeNamespace", "'elsewhere'", "set it back to 'mesh-node'"),
            ("""{"version":"0.1.0","mesh":{"trustDomain":"spiffe://A_b"}}""", "spec.mesh.trustDomain", "'spiffe://A_b'", "lowercase DNS name"),
            ("""{"version":"0.1.0","mesh":{"clusterName":"Other"}}""", "spec.mesh.clusterName", "'Other'", "set it back to 'Kubernetes'"),
        })
        {
            await world.ApplyAsync(spec);
            var stalled = await world.UntilAsync($"{field} is refused", mesh =>
                mesh.Status.ObservedGeneration == mesh.Metadata.Generation
                && mesh.Status.FindCondition("Stalled") is { Status: "True" } condition && condition.Message.Contains(field, StringComparison.Ordinal));
            var message = stalled.Status.FindCondition("Stalled")!.Message;
            Assert.Contains(value, message, StringComparison.Ordinal);
            Assert.Contains(wayOut, message, StringComparison.Ordinal);
            Assert.Null(stalled.Status.FindCondition("Reconciling"));
            Assert.Equal("False", stalled.Status.FindCondition("Ready")!.Status);
            Assert.Equal("True", stalled.Status.FindCondition("ControlPlaneReady")!.Status); // It runs, and says so.
            Assert.Equal("0.1.0", stalled.Status.CurrentVersion);
        }
        before.Remove("MeshInstall");
        var after = await world.VersionsAsync();
        after.Remove("MeshInstall");
        Assert.Equal(before, after);
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        Assert.Contains("SpecInvalid", await world.EventReasonsAsync());
    }

    [Fact]
    public async Task A_second_mesh_gets_the_condition_and_changes_nothing()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        await world.ApplyAsync("""{"version":"0.1.0","namespace":"other"}""", "another");
        var second = await world.UntilAsync("the second is refused", mesh => mesh.Status.FindCondition("Stalled") is { Status: "True" }, "another");
        Assert.Contains("'another'", second.Status.FindCondition("Stalled")!.Message, StringComparison.Ordinal);
        Assert.Contains("MeshInstall/default", second.Status.FindCondition("Stalled")!.Message, StringComparison.Ordinal);
        Assert.True(InstallWorld.IsReady((await world.FindMeshAsync())!));
        await world.DeleteMeshAsync("another");
        Assert.True(InstallWorld.IsReady((await world.FindMeshAsync())!));
    }

    [Fact]
    public async Task What_the_schema_refuses_is_refused_at_the_door()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        foreach (var (spec, field, words) in new[]
        {
            ("{}", "version", "required"), // Row 2.
            ("""{"version":"0.1.0","profile":"ambient"}""", "spec.profile", "supported values"),
            ("""{"version":"0.1.0","controlPlane":{"replicas":0}}""", "spec.controlPlane.replicas", "greater than or equal to 1"),
            ("""{"version":"0.1.0","images":{"pullPolicy":"x"}}""", "spec.images.pullPolicy", "supported values"),
            ("""{"version":"0.1.0","cni":{"excludeNamespaces":["a","a"]}}""", "spec.cni.excludeNamespaces", "Duplicate value"),
            ("""{"version":"0.1.0","ztunnel":{"env":[{"name":"A"},{"name":"A"}]}}""", "spec.ztunnel.env", "Duplicate value"),
        })
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.ApplyAsync(spec));
            Assert.Contains(field, refused.Message, StringComparison.Ordinal);
            Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        }
        Assert.Null(await world.FindMeshAsync());
    }

    [Fact]
    public async Task An_image_that_cannot_be_pulled_is_named_with_the_way_out()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        await world.ApplyAsync("""{"version":"0.1.0","images":{"overrides":{"control-plane":"r.example/control-plane:nope"}}}""");
        await world.UntilAsync("the control plane is awaited", mesh => mesh.Status.Components is [{ Name: "control-plane" }]);
        // The kubelet's part: a pod of the Deployment that waits for its image.
        var pods = KubernetesObject.TypeOf("", "v1", "pods", "Pod", namespaced: true);
        await world.Kubernetes.CreateAsync(pods, KubernetesObject.Parse(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"mesh-control-plane-x","namespace":"mesh-system","labels":{"app":"mesh-control-plane","app.kubernetes.io/managed-by":"mesh-operator"}},"spec":{"nodeName":"node-1","containers":[{"name":"control-plane","image":"r.example/control-plane:nope"}]}}"""u8), s_stop);
        var waiting = JsonNode.Parse(
            """{"status":{"phase":"Pending","containerStatuses":[{"name":"control-plane","ready":false,"restartCount":0,"image":"r.example/control-plane:nope","imageID":"","state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}}""")!;
        await world.Kubernetes.TryPatchAsync(pods, new ObjectKey("mesh-system", "mesh-control-plane-x"), PatchKind.Merge, waiting, WriteOptions.Status, s_stop);

        var failing = await world.UntilAsync("the image is named", mesh => mesh.Status.FindCondition("ControlPlaneReady") is { Reason: "ImagePullFailed" });
        Assert.Equal("ImagePullFailed", failing.Status.FindCondition("Ready")!.Reason);
        Assert.Contains("'r.example/control-plane:nope'", failing.Status.FindCondition("Ready")!.Message, StringComparison.Ordinal);
        Assert.Contains("spec.images", failing.Status.FindCondition("Ready")!.Message, StringComparison.Ordinal);
        Assert.Equal("Failing", failing.Status.Components![0].Phase);

        await world.Kubernetes.DeleteAsync(pods, new ObjectKey("mesh-system", "mesh-control-plane-x"), DeleteOptions.Default with { GracePeriod = TimeSpan.Zero }, s_stop);
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        var live = await world.Kubernetes.GetAsync(WorkloadTypes.Deployments, new ObjectKey("mesh-system", "mesh-control-plane"), s_stop);
        Assert.Equal("mesh.local/control-plane:0.1.0", (string?)live.Spec!["template"]!["spec"]!["containers"]![0]!["image"]);
    }

    [Fact]
    public async Task A_field_that_only_the_server_can_judge_is_reported_as_the_users_mistake()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0","ztunnel":{"tolerations":[{"operator":"Sometimes"}]}}""");
        var stalled = await world.UntilAsync("the toleration is refused", mesh => mesh.Status.FindCondition("Stalled") is { Status: "True" });
        Assert.Contains("Sometimes", stalled.Status.FindCondition("Stalled")!.Message, StringComparison.Ordinal);
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
    }

    [Fact]
    public async Task What_an_admission_rule_refuses_is_not_called_a_missing_right()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await server.RunKubectlAsync("create", "namespace", "mesh-system");
        await server.RunKubectlAsync("create", "quota", "none", "-n", "mesh-system", "--hard=services=0");
        // The quota controller's part, which does not run here.
        var counted = JsonNode.Parse("""{"status":{"hard":{"services":"0"},"used":{"services":"0"}}}""")!;
        var quotas = KubernetesObject.TypeOf("", "v1", "resourcequotas", "ResourceQuota", namespaced: true);
        (await world.Kubernetes.TryPatchAsync(quotas, new ObjectKey("mesh-system", "none"), PatchKind.Merge, counted, WriteOptions.Status, s_stop)).Get();
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        var stalled = await world.UntilAsync("the quota is named", mesh => mesh.Status.FindCondition("Stalled") is { Reason: "AdmissionDenied" });
        Assert.Contains("quota", stalled.Status.FindCondition("Ready")!.Message, StringComparison.Ordinal);
        Assert.Contains("change that rule", stalled.Status.FindCondition("Ready")!.Message, StringComparison.Ordinal);
        await server.RunKubectlAsync("delete", "quota", "none", "-n", "mesh-system");
        await world.UntilReadyAsync();
        await world.DeleteMeshAsync();
        await server.RunKubectlAsync("delete", "namespace", "mesh-system");
    }

    [Fact]
    public async Task A_server_that_fails_is_named_in_the_status_of_an_installation_and_of_a_removal()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.BreakAsync("CREATE", "deployments");
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        var held = await world.UntilAsync("the failure is named", mesh =>
            mesh.Status.FindCondition("Ready") is { } ready && ready.Message.Contains("failed calling webhook", StringComparison.Ordinal));
        Assert.Equal("ApiRequestFailed", held.Status.FindCondition("Ready")!.Reason);
        Assert.Equal("True", held.Status.FindCondition("Reconciling")!.Status);
        await world.MendAsync();
        await world.UntilReadyAsync();

        await world.BreakAsync("DELETE", "daemonsets");
        await world.Kubernetes.DeleteAsync(Api.MeshInstall.Resource, ObjectKey.ClusterScoped("default"), DeleteOptions.Default, s_stop);
        var stuck = await world.UntilAsync("the failure is named", mesh =>
            mesh.Status.FindCondition("Ready") is { } ready && ready.Message.Contains("failed calling webhook", StringComparison.Ordinal));
        Assert.Equal("Deleting", stuck.Status.Phase);
        Assert.Equal("True", stuck.Status.FindCondition("ZTunnelReady")!.Status); // As far as anybody knows.
        await world.MendAsync();
        await world.UntilGoneAsync();
    }

    [Fact]
    public async Task A_suspended_mesh_is_left_alone_until_it_goes_on()
    {
        await using var world = await InstallWorld.BeginAsync(server);
        await world.StartOperatorAsync();
        world.RunControllers();
        await world.ApplyAsync("""{"version":"0.1.0"}""");
        await world.UntilReadyAsync();
        await world.ApplyAsync("""{"version":"0.2.0","suspend":true}""");
        var paused = await world.UntilAsync("it is paused", mesh => mesh.Status.FindCondition("Paused") is { Status: "True" });
        Assert.Equal("0.1.0", paused.Status.CurrentVersion);
        await world.ApplyAsync("""{"version":"0.2.0","suspend":false}""");
        var ready = await world.UntilReadyAsync();
        Assert.Equal("0.2.0", ready.Status.CurrentVersion);
        Assert.Null(ready.Status.FindCondition("Paused"));
        Assert.Contains("UpgradeCompleted", await world.EventReasonsAsync());
    }
}
