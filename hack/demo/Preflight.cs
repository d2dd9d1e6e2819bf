namespace Mesh.Demo;

/// <summary>Asked before anything in a cluster is changed: can this work here, and if not, why.</summary>
public static class Preflight
{
    private static readonly string[] Verbs = ["namespaces", "customresourcedefinitions.apiextensions.k8s.io", "clusterroles.rbac.authorization.k8s.io"];

    public static async Task CheckAsync(Cluster cluster)
    {
        var version = await cluster.TryAsync(["version", "-o", "json"]);
        if (!version.Succeeded) throw new DemoException("reaching the cluster that KUBECONFIG names", version.Error.Trim());
        foreach (var resource in Verbs)
        {
            var may = await cluster.TryAsync(["auth", "can-i", "create", resource, "--all-namespaces"]);
            if (may.Text.Trim() != "yes") throw new DemoException($"installing needs the right to create {resource}", "this user may not; use a cluster-admin context");
        }

        var nodes = (await cluster.GetAsync("nodes"))["items"]!.AsArray();
        foreach (var node in nodes)
        {
            var info = node!["status"]!["nodeInfo"]!;
            var name = node["metadata"]!["name"]!.GetValue<string>();
            var (system, machine) = (info["operatingSystem"]!.GetValue<string>(), info["architecture"]!.GetValue<string>());
            if (system != "linux") throw new DemoException($"node {name} runs {system}", "the mesh needs Linux nodes; taint this one or use another cluster");
            if (machine != "amd64") throw new DemoException($"node {name} is {machine}", "the images built here are amd64; build on a machine of that kind");
            var kernel = info["kernelVersion"]!.GetValue<string>();
            var parts = kernel.Split('.', '-');
            if (int.Parse(parts[0]) < 5 || (int.Parse(parts[0]) == 5 && int.Parse(parts[1]) < 10))
                throw new DemoException($"node {name} runs kernel {kernel}", "the redirection rules need 5.10 or newer");
        }

        await Delivery.ImageDelivery.ExplainAsync(cluster);
        Console.WriteLine($"✓ the cluster can take the mesh: {nodes.Count} nodes");
    }
}
