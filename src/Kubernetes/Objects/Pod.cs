using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A pod.</summary>
public sealed record Pod : IKubernetesObject
{
    public static readonly ResourceType<Pod> Resource = new("", "v1", "pods", "Pod", namespaced: true, KubernetesJson.Default.Pod);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public PodSpec Spec { get => field ?? new PodSpec(); init; }
    public PodStatus Status { get => field ?? new PodStatus(); init; }

    [JsonIgnore]
    public bool IsReady => Condition.Find(Status.Conditions, "Ready")?.IsTrue == true;

    /// <summary>True once all its containers ended for good.</summary>
    [JsonIgnore]
    public bool IsTerminal => Status.Phase is "Succeeded" or "Failed";
}
