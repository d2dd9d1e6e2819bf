using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Operator.Api;

namespace Mesh.Operator.Install;

/// <summary>How far a Deployment or DaemonSet is with what was asked of it, by its own status. Pure.</summary>
internal sealed record Rollout
{
    private Rollout() { }

    public required string Component { get; init; }

    public required string Kind { get; init; }

    public required string Namespace { get; init; }

    public required string? Version { get; init; }

    public int Desired { get; init; }

    public int Updated { get; init; }

    public int Ready { get; init; }

    public int Available { get; init; }

    /// <summary>Its controller has seen our last change, all pods are of it and available, and no older pod is left.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Its controller gave up waiting for progress.</summary>
    public string? Stuck { get; init; }

    public static bool IsWorkload(KubernetesObject one) => one.Kind is "Deployment" or "DaemonSet";

    public static Rollout Of(KubernetesObject workload)
    {
        var isDeployment = workload.Kind == "Deployment";
        var status = workload.Status;
        var desired = isDeployment ? Number(workload.Spec, "replicas", absent: 1) : Number(status, "desiredNumberScheduled");
        var updated = Number(status, isDeployment ? "updatedReplicas" : "updatedNumberScheduled");
        var available = Number(status, isDeployment ? "availableReplicas" : "numberAvailable");
        var total = isDeployment ? Number(status, "replicas") : Math.Max(updated, Number(status, "currentNumberScheduled"));
        var isSeen = Number(status, "observedGeneration") >= workload.Metadata.Generation;
        return new Rollout
        {
            Component = ComponentOf(workload.Metadata.Name),
            Kind = workload.Kind,
            Namespace = workload.Metadata.Namespace,
            Version = workload.Metadata.Labels.Find("app.kubernetes.io/version"),
            Desired = desired,
            Updated = updated,
            Ready = Number(status, isDeployment ? "readyReplicas" : "numberReady"),
            Available = available,
            IsComplete = isSeen && updated >= desired && available >= desired && total <= updated,
            Stuck = isSeen ? StuckReason(status) : null,
        };
    }

    public ComponentStatus ToStatus(string? failure) => new()
    {
        Name = Component,
        Kind = Kind,
        Namespace = Namespace,
        Version = Version,
        Desired = Desired,
        Updated = Updated,
        Ready = Ready,
        Available = Available,
        Phase = failure is not null ? "Failing" : IsComplete ? "Ready" : "Rolling",
        Message = failure ?? (IsComplete ? null : $"{Updated} of {Desired} updated, {Available} available"),
    };

    private static string ComponentOf(string name) => name.StartsWith("mesh-", StringComparison.Ordinal) ? name["mesh-".Length..] : name;

    private static string? StuckReason(JsonObject? status) => status?["conditions"]?.AsArray()
        .Where(condition => (string?)condition?["type"] == "Progressing" && (string?)condition["reason"] == "ProgressDeadlineExceeded")
        .Select(condition => (string?)condition!["message"]).FirstOrDefault();

    private static int Number(JsonObject? from, string name, int absent = 0) => (int?)from?[name] ?? absent;
}
