using System.Text.Json.Nodes;
using Mesh.Demo;
using Mesh.Demo.Proof;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Mesh.EndToEnd.Tests.MeshedCluster))]

namespace Mesh.EndToEnd.Tests;

/// <summary>The cluster that every test shares, with the mesh installed: what `make up` does, by the same programs.</summary>
public sealed class MeshedCluster : IAsyncLifetime
{
    /// <summary>The programs of an installed mesh, by namespace and the object that runs them.</summary>
    private static readonly (string Namespace, string Kind, string Name)[] Programs =
    [
        (Installation.OperatorNamespace, "deployment", "mesh-operator"),
        ("mesh-system", "deployment", "mesh-control-plane"),
        (NodeProxies.Namespace, "daemonset", "mesh-cni"),
        (NodeProxies.Namespace, "daemonset", "ztunnel"),
    ];

    private bool _own;

    public Cluster Cluster { get; } = Cluster.Current();

    public Walk Walk { get; private set; } = null!;

    public NodeProxies Proxies { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _own = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"));
        if (_own) await ScriptAsync("hack/cluster/up", TimeSpan.FromMinutes(8));

        await Mesh.Demo.Delivery.ImageDelivery.DeliverAsync(Cluster, Directory.GetFiles(Path.Combine(Cluster.Root, "artifacts/images"), "*.tar"));
        await Installation.InstallAsync(Cluster, Console.WriteLine);
        Walk = new Walk(Cluster);
        Proxies = new NodeProxies(Cluster);
        await Walk.Workloads.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_own && Environment.GetEnvironmentVariable("MESH_KEEP_CLUSTER") != "true") await ScriptAsync("hack/cluster/down", TimeSpan.FromMinutes(4));
    }

    /// <summary>
    /// Whatever a test before this one broke has healed: every program has all its pods, ready, and the MeshInstall says so. Pods are
    /// counted themselves, for the objects' own counters lag behind a kill.
    /// </summary>
    public async Task SettledAsync()
    {
        foreach (var (ns, kind, name) in Programs)
        {
            var seen = "";
            await Cluster.UntilAsync(
                $"{kind} {ns}/{name} has all its pods",
                async () =>
                {
                    var found = await Cluster.GetAsync(kind, name, "-n", ns);
                    var asked = found["spec"]!["replicas"] ?? found["status"]!["desiredNumberScheduled"];
                    var wanted = Math.Max(1, asked!.GetValue<int>()); // None is what a test broke.
                    var pods = (await Cluster.GetAsync("pods", "-n", ns, "-l", "app=" + name))["items"]!.AsArray();
                    seen = $"{pods.Count(IsReady)} of {pods.Count} pods are ready, {wanted} are wanted";
                    return pods.Count == wanted && pods.All(IsReady) ? "yes" : null;
                },
                () => Task.FromResult(seen));
        }

        await Installation.WaitReadyAsync(Cluster, _ => { });
    }

    /// <summary>The mesh is whole, the namespace is enrolled and traffic is seen to be encrypted.</summary>
    public async Task EnrolledAsync()
    {
        await SettledAsync();
        await Walk.EnrolAsync();
        await Walk.UntilEncryptedAsync();
    }

    /// <summary>Kills a program on every node it runs on, the hard way: the pod is deleted without grace.</summary>
    public Task KillAsync(string ns, string selector) =>
        Cluster.RunAsync("delete", "pod", "-n", ns, "-l", selector, "--grace-period=0", "--force", "--wait=false");

    private static bool IsReady(JsonNode? pod) =>
        pod!["metadata"]!["deletionTimestamp"] is null
        && pod["status"]?["conditions"]?.AsArray().Any(condition => condition!["type"]!.GetValue<string>() == "Ready" && condition["status"]!.GetValue<string>() == "True") == true;

    private static async Task ScriptAsync(string script, TimeSpan deadline)
    {
        var outcome = await Command.RunAsync(Path.Combine(Cluster.Root, script), [], deadline: deadline);
        if (!outcome.Succeeded) throw new DemoException(script, outcome.Text + outcome.Error);
    }
}
