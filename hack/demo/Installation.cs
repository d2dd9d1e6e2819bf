using System.Text.Json.Nodes;

namespace Mesh.Demo;

/// <summary>Puts the operator and one MeshInstall into a cluster, and takes them out again.</summary>
public static class Installation
{
    public const string Resource = "meshinstalls.install.mesh.dev";
    public const string OperatorNamespace = "mesh-operator";

    /// <summary>The MeshInstall that `make up` applies: images as they were built here and brought to the nodes.</summary>
    public static string SampleFile => Path.Combine(Cluster.Root, "config/samples/meshinstall-dev.yaml");

    private static string ConfigFolder => Path.Combine(Cluster.Root, "config/dev");

    private static string? Registry => Environment.GetEnvironmentVariable("IMAGE_REGISTRY") is { Length: > 0 } name ? name : null;

    private static readonly TimeSpan ReadyPatience = TimeSpan.FromMinutes(4);

    public static async Task InstallAsync(Cluster cluster, Action<string> say)
    {
        await cluster.RunAsync("apply", "-k", ConfigFolder);
        if (Registry is { } registry)
        {
            await cluster.RunAsync("set", "image", "deployment/mesh-operator", "-n", OperatorNamespace, $"operator={registry}/operator:dev");
            await cluster.RunAsync("set", "env", "deployment/mesh-operator", "-n", OperatorNamespace, $"MESH_IMAGE_REGISTRY={registry}");
        }

        say("✓ operator applied (config/dev)");
        await cluster.RunAsync("wait", "--for=condition=Established", "crd/" + Resource, "--timeout=60s");
        await cluster.RunAsync("rollout", "status", "deployment/mesh-operator", "-n", OperatorNamespace, "--timeout=240s");
        say("✓ operator runs");
        await cluster.RunAsync("apply", "-f", SampleFile);
        await WaitReadyAsync(cluster, say);
    }

    /// <summary>Waits for Ready with the object's own generation; says each phase as it comes.</summary>
    public static async Task WaitReadyAsync(Cluster cluster, Action<string> say)
    {
        var last = "";
        await Cluster.UntilAsync(
            "MeshInstall/default is Ready",
            async () =>
            {
                var mesh = await cluster.GetAsync(Resource, "default");
                var line = Describe(mesh);
                if (line != last) say("  " + (last = line));
                return IsReady(mesh) ? "yes" : null;
            },
            async () => (await cluster.GetAsync(Resource, "default"))["status"]?.ToJsonString() ?? "no status at all",
            ReadyPatience);
        say("✓ MeshInstall/default is Ready");
    }

    public static async Task UninstallAsync(Cluster cluster, Action<string> say)
    {
        await cluster.RunAsync("delete", Resource, "default", "--ignore-not-found", "--wait=true", "--timeout=240s");
        say("✓ MeshInstall is gone, and everything it made");
        await cluster.RunAsync("delete", "-k", ConfigFolder, "--ignore-not-found", "--wait=true", "--timeout=120s");
        say("✓ operator is gone");
    }

    public static bool IsReady(JsonNode mesh) =>
        mesh["status"]?["observedGeneration"]?.GetValue<long>() == mesh["metadata"]!["generation"]!.GetValue<long>()
        && Condition(mesh, "Ready")?["status"]?.GetValue<string>() == "True";

    public static JsonNode? Condition(JsonNode mesh, string type) =>
        mesh["status"]?["conditions"]?.AsArray().FirstOrDefault(condition => condition!["type"]!.GetValue<string>() == type);

    private static string Describe(JsonNode mesh)
    {
        var components = mesh["status"]?["components"]?.AsArray()
            .Select(part => $"{part!["name"]} {part["ready"] ?? "0"}/{part["desired"] ?? "?"}") ?? [];
        return $"{mesh["status"]?["phase"] ?? "waiting for the operator"}: {string.Join(", ", components)}";
    }
}
