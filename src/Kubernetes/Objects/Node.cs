using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A node.</summary>
public sealed record Node : IKubernetesObject
{
    public static readonly ResourceType<Node> Resource = new("", "v1", "nodes", "Node", namespaced: false, KubernetesJson.Default.Node);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public NodeSpec Spec { get => field ?? new NodeSpec(); init; }
    public NodeStatus Status { get => field ?? new NodeStatus(); init; }

    [JsonIgnore]
    public bool IsReady => Condition.Find(Status.Conditions, "Ready")?.IsTrue == true;
}
