using Mesh.Demo;
using Mesh.Demo.Proof;

namespace Mesh.EndToEnd.Tests;

/// <summary>Installing and removing, also when something dies on the way.</summary>
[Trait("Category", "EndToEnd")]
public sealed class Lifecycle(MeshedCluster mesh)
{
    private static readonly string[] MadeNamespaces = ["mesh-system", "mesh-node"];

    [Fact]
    public async Task Deleting_the_mesh_removes_all_it_made_and_enrolled_pods_keep_a_working_plaintext_network()
    {
        await mesh.EnrolledAsync();
        var before = await PodState.ReadAsync(mesh.Cluster, "server");
        try
        {
            await mesh.Cluster.RunAsync("delete", Installation.Resource, "default", "--wait=true", "--timeout=240s");

            var leftovers = new List<string>();
            foreach (var ns in MadeNamespaces)
            {
                if (await mesh.Cluster.FindAsync("namespace", ns) is { } found && found["metadata"]!["deletionTimestamp"] is null) leftovers.Add($"namespace {ns}");
            }

            foreach (var kind in new[] { "clusterrole", "clusterrolebinding", "deployment", "daemonset", "configmap", "serviceaccount", "service" })
            {
                var names = await mesh.Cluster.RunAsync("get", kind, "-A", "-l", "app.kubernetes.io/managed-by=mesh-operator", "-o", "name");
                leftovers.AddRange(names.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            }

            Assert.True(leftovers.Count == 0, "left behind: " + string.Join(", ", leftovers));
            Assert.Contains("marker-", await mesh.Walk.PlaintextAsync(), StringComparison.Ordinal);
            Assert.Equal(before, await PodState.ReadAsync(mesh.Cluster, "server"));
        }
        finally
        {
            await Installation.InstallAsync(mesh.Cluster, _ => { });
        }
    }

    [Fact]
    public async Task An_install_whose_operator_is_killed_midway_is_finished_by_the_next_one()
    {
        await mesh.Cluster.RunAsync("delete", Installation.Resource, "default", "--ignore-not-found", "--wait=true", "--timeout=240s");
        await mesh.Cluster.RunAsync("apply", "-f", Installation.SampleFile);
        await Cluster.UntilAsync(
            "the control plane's Deployment exists",
            () => mesh.Cluster.FindAsync("deployment", "mesh-control-plane", "-n", "mesh-system"));
        await mesh.KillAsync("mesh-operator", "app=mesh-operator");
        await Installation.WaitReadyAsync(mesh.Cluster, _ => { });
        await mesh.EnrolledAsync();
    }
}
