using System.Text.Json.Nodes;

namespace Mesh.Demo.Proof;

/// <summary>What must not change when a pod is enrolled: its UID, its restarts, and the very process inside.</summary>
public sealed record PodState(string Uid, int Restarts, string ProcessStart)
{
    public static async Task<PodState> ReadAsync(Cluster cluster, string pod)
    {
        var found = await cluster.GetAsync("pod", pod, "-n", Workloads.Namespace);
        var restarts = found["status"]?["containerStatuses"]?.AsArray().Sum(status => status!["restartCount"]!.GetValue<int>()) ?? 0;
        var stat = await cluster.ExecAsync(Workloads.Namespace, pod, "cat", "/proc/1/stat");
        if (!stat.Succeeded) throw new DemoException($"reading process 1 of {pod}", stat.Error.Trim());

        // Field 22, counted after the command name: when the process started, in ticks since boot. A new process has a new one.
        var started = stat.Text[(stat.Text.LastIndexOf(')') + 2)..].Split(' ')[19];
        return new PodState(Text(found["metadata"]!["uid"]), restarts, started);
    }

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";
}
