using System.Text.Json.Nodes;

namespace Mesh.Demo.Proof;

/// <summary>Two pods with service accounts of their own, on two nodes where there are two, and a third that captures packets.</summary>
public sealed class Workloads(Cluster cluster)
{
    public const string Namespace = "mesh-demo";
    public const string CaptureNamespace = "mesh-demo-capture";
    public const int Port = 8080;

    /// <summary>The server sends back each line it gets on this port, for connections that stay open.</summary>
    public const int EchoPort = 8081;
    private const string Image = "mesh.local/workload:dev";

    /// <summary>Where the server answers, by name, so that cluster DNS is part of the proof.</summary>
    public static string ServerUrl => $"http://server.{Namespace}.svc.cluster.local:{Port}";

    public async Task<string> StartAsync()
    {
        var nodes = await SchedulableNodesAsync();
        var (first, last) = (nodes[0], nodes[^1]);
        await cluster.ApplyAsync(Manifest(first, last, ImageReference()));
        await cluster.RunAsync("wait", "-n", Namespace, "--for=condition=Ready", "pod/client", "pod/server", "--timeout=120s");
        await cluster.RunAsync("wait", "-n", CaptureNamespace, "--for=condition=Ready", "pod/capture", "--timeout=120s");
        await Cluster.UntilAsync("the server answers the client", async () => (await AskAsync("ready")).Succeeded ? "yes" : null);
        return $"client (service account client) on {first}, server (service account server) on {last}";
    }

    /// <summary>One new connection from client to server; the marker travels in the request.</summary>
    public Task<Command.Outcome> AskAsync(string marker) =>
        cluster.ExecAsync(Namespace, "client", "curl", "-sS", "--max-time", "10", "-H", $"X-Marker: {marker}", $"{ServerUrl}/{marker}");

    public async Task StopAsync() =>
        await cluster.RunAsync("delete", "namespace", Namespace, CaptureNamespace, "--ignore-not-found", "--wait=true", "--timeout=120s");

    public async Task<JsonNode> PodAsync(string name) => await cluster.GetAsync("pod", name, "-n", Namespace);

    private static string ImageReference() => Environment.GetEnvironmentVariable("IMAGE_REGISTRY") is { Length: > 0 } registry
        ? $"{registry.TrimEnd('/')}/workload:dev"
        : Image;

    private async Task<List<string>> SchedulableNodesAsync()
    {
        var nodes = (await cluster.GetAsync("nodes"))["items"]!.AsArray()
            .Where(node => node!["spec"]?["unschedulable"]?.GetValue<bool>() != true
                && node["spec"]?["taints"]?.AsArray().Any(taint => taint!["effect"]!.GetValue<string>() is "NoSchedule" or "NoExecute") != true)
            .Select(node => node!["metadata"]!["name"]!.GetValue<string>()).Order(StringComparer.Ordinal).ToList();
        if (nodes.Count == 0) throw new DemoException("choosing nodes", "no node takes pods: every one is unschedulable or tainted");
        return nodes;
    }

    private static string Manifest(string clientNode, string serverNode, string image) =>
        File.ReadAllText(Path.Combine(Cluster.Root, "hack/demo/workloads.yaml"))
            .Replace("${CLIENT_NODE}", clientNode, StringComparison.Ordinal)
            .Replace("${SERVER_NODE}", serverNode, StringComparison.Ordinal)
            .Replace("${IMAGE}", image, StringComparison.Ordinal);
}
