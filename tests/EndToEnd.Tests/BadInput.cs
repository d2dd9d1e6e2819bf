using System.Text.Json.Nodes;
using Mesh.Demo;

namespace Mesh.EndToEnd.Tests;

/// <summary>What a user who mistypes is told, while everything that ran goes on running.</summary>
[Trait("Category", "EndToEnd")]
public sealed class BadInput(MeshedCluster mesh)
{
    public static TheoryData<string, string, string[]> Mistakes => new()
    {
        { "an unknown version", """{"spec":{"version":"9.9.9"}}""", ["spec.version", "9.9.9"] },
        { "a bad trust domain", """{"spec":{"mesh":{"trustDomain":"spiffe://A_b"}}}""", ["trustDomain", "spiffe://A_b"] },
        { "an immutable field changed", """{"spec":{"nodeNamespace":"elsewhere"}}""", ["spec.nodeNamespace", "elsewhere"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_answered_with_field_value_and_way_out(string what, string patch, string[] named)
    {
        await mesh.SettledAsync();
        var original = Copy(await mesh.Cluster.GetAsync(Installation.Resource, "default"));
        try
        {
            var patched = await mesh.Cluster.TryAsync(["patch", Installation.Resource, "default", "--type=merge", "-p", patch]);
            var answer = patched.Succeeded ? await StalledMessageAsync("default") : patched.Error;
            foreach (var word in named) Assert.Contains(word, answer, StringComparison.Ordinal);
            Assert.True(answer.Length > 60, $"{what}: no way out in \"{answer}\"");
            Assert.True((await mesh.Walk.Workloads.AskAsync("still-running")).Succeeded, "what ran before stopped running");
        }
        finally
        {
            await RestoreAsync(original);
        }
    }

    [Fact]
    public async Task A_second_mesh_is_refused_by_name_and_the_first_goes_on()
    {
        await mesh.SettledAsync();
        var second = Copy(await mesh.Cluster.GetAsync(Installation.Resource, "default"));
        second["metadata"] = new JsonObject { ["name"] = "another" };
        second.AsObject().Remove("status");
        var applied = await mesh.Cluster.TryAsync(["apply", "-f", "-"], System.Text.Encoding.UTF8.GetBytes(second.ToJsonString()));
        try
        {
            var answer = applied.Succeeded ? await StalledMessageAsync("another") : applied.Error;
            Assert.Contains("another", answer, StringComparison.Ordinal);
            Assert.Contains("default", answer, StringComparison.Ordinal);
            Assert.True(Installation.IsReady(await mesh.Cluster.GetAsync(Installation.Resource, "default")));
        }
        finally
        {
            await mesh.Cluster.RunAsync("delete", Installation.Resource, "another", "--ignore-not-found", "--wait=true", "--timeout=60s");
        }
    }

    [Fact]
    public async Task An_image_that_cannot_be_pulled_is_named_and_the_old_control_plane_keeps_serving()
    {
        await mesh.SettledAsync();
        var original = Copy(await mesh.Cluster.GetAsync(Installation.Resource, "default"));
        const string wrong = "mesh.local/control-plane:no-such-tag";
        try
        {
            await mesh.Cluster.RunAsync("patch", Installation.Resource, "default", "--type=merge", "-p",
                """{"spec":{"images":{"overrides":{"control-plane":"IMAGE"}}}}""".Replace("IMAGE", wrong, StringComparison.Ordinal));
            var message = await Cluster.UntilAsync(
                "a condition names the image",
                async () => Messages(await mesh.Cluster.GetAsync(Installation.Resource, "default")).FirstOrDefault(text => text.Contains(wrong, StringComparison.Ordinal)),
                async () => (await mesh.Cluster.GetAsync(Installation.Resource, "default"))["status"]!.ToJsonString());
            Assert.Contains("spec.images", message, StringComparison.Ordinal);
            var ready = (await mesh.Cluster.GetAsync("deployment", "mesh-control-plane", "-n", "mesh-system"))["status"]!["readyReplicas"]?.GetValue<int>() ?? 0;
            Assert.True(ready >= 1, "the control plane that ran before is gone");
            Assert.True((await mesh.Walk.Workloads.AskAsync("old-control-plane")).Succeeded);
        }
        finally
        {
            await RestoreAsync(original);
        }
    }

    private Task<string> StalledMessageAsync(string name) => Cluster.UntilAsync(
        $"MeshInstall/{name} says what is wrong",
        async () =>
        {
            var found = await mesh.Cluster.GetAsync(Installation.Resource, name);
            var stalled = Installation.Condition(found, "Stalled");
            return stalled?["status"]?.GetValue<string>() == "True" ? stalled["message"]!.GetValue<string>() : null;
        },
        async () => (await mesh.Cluster.GetAsync(Installation.Resource, name))["status"]?.ToJsonString() ?? "no status");

    private async Task RestoreAsync(JsonNode original)
    {
        // Replace, so that fields a mistake added go away as well.
        var current = await mesh.Cluster.GetAsync(Installation.Resource, "default");
        current["spec"] = original["spec"]!.DeepClone();
        var replaced = await mesh.Cluster.TryAsync(["replace", "-f", "-"], System.Text.Encoding.UTF8.GetBytes(current.ToJsonString()));
        Assert.True(replaced.Succeeded, replaced.Error);
        await Installation.WaitReadyAsync(mesh.Cluster, _ => { });
    }

    private static IEnumerable<string> Messages(JsonNode found) =>
        found["status"]?["conditions"]?.AsArray().Select(condition => condition!["message"]?.GetValue<string>() ?? "") ?? [];

    private static JsonNode Copy(JsonNode node) => node.DeepClone();
}
