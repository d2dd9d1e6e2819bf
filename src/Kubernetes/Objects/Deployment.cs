using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A deployment, as far as a rollout is judged.</summary>
public sealed record Deployment : IKubernetesObject
{
    public static readonly ResourceType<Deployment> Resource =
        new("apps", "v1", "deployments", "Deployment", namespaced: true, KubernetesJson.Default.Deployment);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public DeploymentSpec Spec { get => field ?? new DeploymentSpec(); init; }
    public DeploymentStatus Status { get => field ?? new DeploymentStatus(); init; }

    /// <summary>True when the controller saw this generation, all replicas run it, all are available and no old one is left.</summary>
    [JsonIgnore]
    public bool IsRolledOut => Status.ObservedGeneration >= Metadata.Generation
        && Status.UpdatedReplicas >= (Spec.Replicas ?? 1)
        && Status.Replicas <= Status.UpdatedReplicas
        && Status.AvailableReplicas >= Status.UpdatedReplicas;
}
