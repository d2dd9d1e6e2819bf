using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>A kind somebody added to the API.</summary>
public sealed record CustomResourceDefinition : IKubernetesObject
{
    public static readonly ResourceType<CustomResourceDefinition> Resource =
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
            namespaced: false, KubernetesJson.Default.CustomResourceDefinition);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public CustomResourceDefinitionSpec Spec { get => field ?? new CustomResourceDefinitionSpec(); init; }
    public CustomResourceDefinitionStatus Status { get => field ?? new CustomResourceDefinitionStatus(); init; }

    [JsonIgnore]
    public bool IsEstablished => Condition.Find(Status.Conditions, "Established")?.IsTrue == true;
}
