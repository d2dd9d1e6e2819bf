namespace Mesh.Demo.Delivery;

/// <summary>Brings OCI archives to the nodes by the means the cluster has: our own, kind, k3d, minikube, k3s, or a registry.</summary>
public static class ImageDelivery
{
    /// <summary>Fails, before anything is changed, when no way is known.</summary>
    public static async Task ExplainAsync(Cluster cluster) => Console.WriteLine($"  images go in by {(await ChooseAsync(cluster)).Name}");

    public static async Task DeliverAsync(Cluster cluster, IEnumerable<string> archives)
    {
        var way = await ChooseAsync(cluster);
        foreach (var archive in archives)
        {
            var begin = DateTime.UtcNow;
            await way.Deliver(archive);
            Console.WriteLine($"✓ {Path.GetFileNameWithoutExtension(archive)} by {way.Name}  ({(DateTime.UtcNow - begin).TotalSeconds:0.0} s)");
        }
    }

    private static async Task<(string Name, Func<string, Task> Deliver)> ChooseAsync(Cluster cluster)
    {
        if (Environment.GetEnvironmentVariable("IMAGE_REGISTRY") is { Length: > 0 } registry)
        {
            var target = RegistryName.Parse(registry);
            return ($"push to {registry}", async archive =>
            {
                using var push = new RegistryPush(target);
                await push.PushAsync(archive);
            }
            );
        }

        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG")))
            return ("hack/cluster/import", archive => Must(Path.Combine(Cluster.Root, "hack/cluster/import"), archive));

        var context = (await cluster.TryAsync(["config", "current-context"])).Text.Trim();
        if (context.StartsWith("kind-", StringComparison.Ordinal) && OnPath("kind"))
            return ("kind load", archive => Must("kind", "load", "image-archive", archive, "--name", context["kind-".Length..]));
        if (context.StartsWith("k3d-", StringComparison.Ordinal) && OnPath("k3d"))
            return ("k3d image import", archive => Must("k3d", "image", "import", archive, "-c", context["k3d-".Length..]));
        if (context == "minikube" && OnPath("minikube"))
            return ("minikube image load", archive => Must("minikube", "image", "load", archive));
        if (OnPath("k3s") && (await cluster.RunAsync("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}")).Contains("+k3s", StringComparison.Ordinal)
            && (await cluster.GetAsync("nodes"))["items"]!.AsArray().Count == 1)
            return ("k3s ctr images import", archive => Must("k3s", "ctr", "images", "import", archive));

        throw new DemoException(
            $"finding a way for images into the cluster of context '{context}'",
            "it is neither ours nor a kind, k3d, minikube or single-node k3s cluster whose tool is on PATH. "
            + "Set IMAGE_REGISTRY=host[:port]/path to a registry that the nodes can pull from (IMAGE_REGISTRY_USER and IMAGE_REGISTRY_PASSWORD if it asks). Nothing was changed.");
    }

    private static bool OnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task Must(string program, params string[] arguments)
    {
        var outcome = await Command.RunAsync(program, arguments, deadline: TimeSpan.FromMinutes(5));
        if (!outcome.Succeeded) throw new DemoException($"{program} {string.Join(' ', arguments)}", outcome.Error.Trim());
    }
}
