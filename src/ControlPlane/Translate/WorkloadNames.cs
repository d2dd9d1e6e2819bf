using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Translate;

/// <summary>What a workload is called after: its own labels, else the thing that made it. Pure.</summary>
internal static class WorkloadNames
{
    public static string Of(Pod pod)
    {
        var labels = pod.Metadata.Labels;
        if (labels.Find(Names.WorkloadName) is { Length: > 0 } said) return said;
        if (string.IsNullOrEmpty(pod.Metadata.GenerateName) || pod.Metadata.FindController() is not { } owner) return pod.Metadata.Name;
        return owner.Kind switch
        {
            "ReplicaSet" => WithoutHash(owner.Name, labels.Find("pod-template-hash"))
                ?? WithoutHash(owner.Name, labels.Find("rollouts-pod-template-hash"))
                ?? owner.Name,
            "ReplicationController" when labels.Find("deploymentconfig") is { Length: > 0 } config => config,
            "Job" => WithoutSchedule(owner.Name),
            _ => owner.Name,
        };
    }

    public static string CanonicalName(StringMap labels, string workloadName) =>
        First(labels, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app") ?? workloadName;

    public static string CanonicalRevision(StringMap labels) =>
        First(labels, "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version") ?? "latest";

    private static string? First(StringMap labels, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (labels.Find(key) is { Length: > 0 } value) return value;
        }
        return null;
    }

    private static string? WithoutHash(string name, string? hash) =>
        !string.IsNullOrEmpty(hash) && name.EndsWith("-" + hash, StringComparison.Ordinal) ? name[..^(hash.Length + 1)] : null;

    /// <summary>A CronJob names its jobs by their minute: eight to ten digits.</summary>
    private static string WithoutSchedule(string name)
    {
        var dash = name.LastIndexOf('-');
        var digits = name.AsSpan(dash + 1);
        return dash > 0 && digits.Length is >= 8 and <= 10 && !digits.ContainsAnyExceptInRange('0', '9') ? name[..dash] : name;
    }
}
