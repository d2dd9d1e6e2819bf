using Mesh.Demo;
using Mesh.Demo.Proof;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Mesh.EndToEnd.Tests.MeshedCluster))]

namespace Mesh.EndToEnd.Tests;

/// <summary>The cluster that every test shares, with the mesh installed: what `make up` does, by the same programs.</summary>
public sealed class MeshedCluster : IAsyncLifetime
{
    private bool _own;

    public Cluster Cluster { get; } = Cluster.Current();

    public Walk Walk { get; private set; } = null!;

    public NodeProxies Proxies { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _own = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"));
        if (_own) await ScriptAsync("hack/cluster/up", TimeSpan.FromMinutes(4));

        await Mesh.Demo.Delivery.ImageDelivery.DeliverAsync(Cluster, Directory.GetFiles(Path.Combine(Cluster.Root, "artifacts/images"), "*.tar"));
        await Installation.InstallAsync(Cluster, Console.WriteLine);
        Walk = new Walk(Cluster);
        Proxies = new NodeProxies(Cluster);
        await Walk.Workloads.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_own && Environment.GetEnvironmentVariable("MESH_KEEP_CLUSTER") != "true") await ScriptAsync("hack/cluster/down", TimeSpan.FromMinutes(2));
    }

    /// <summary>The namespace is enrolled and traffic is seen to be encrypted.</summary>
    public async Task EnrolledAsync()
    {
        await Walk.EnrolAsync();
        await Walk.UntilEncryptedAsync();
    }

    /// <summary>Kills a program on every node it runs on, the hard way: the pod is deleted without grace.</summary>
    public Task KillAsync(string ns, string selector) =>
        Cluster.RunAsync("delete", "pod", "-n", ns, "-l", selector, "--grace-period=0", "--force", "--wait=false");

    private static async Task ScriptAsync(string script, TimeSpan deadline)
    {
        var outcome = await Command.RunAsync(Path.Combine(Cluster.Root, script), [], deadline: deadline);
        if (!outcome.Succeeded) throw new DemoException(script, outcome.Text + outcome.Error);
    }
}
