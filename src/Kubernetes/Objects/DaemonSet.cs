using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A daemon set, as far as a rollout is judged.</summary>
public sealed record DaemonSet : IKubernetesObject
{
    public static readonly ResourceType<DaemonSet> Resource =
        new("apps", "v1", "daemonsets", "DaemonSet", namespaced: true, KubernetesJson.Default.DaemonSet);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public DaemonSetSpec Spec { get => field ?? new DaemonSetSpec(); init; }
    public DaemonSetStatus Status { get => field ?? new DaemonSetStatus(); init; }

    /// <summary>True when the controller saw this generation and every node that should run it runs it, available.</summary>
    [JsonIgnore]
    public bool IsRolledOut => Status.ObservedGeneration >= Metadata.Generation
        && Status.UpdatedNumberScheduled >= Status.DesiredNumberScheduled
        && Status.NumberAvailable >= Status.DesiredNumberScheduled;
}
