using System.Collections.ObjectModel;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Secret bytes; JSON carries them as base64.</summary>
public sealed record Secret : IKubernetesObject
{
    public static readonly ResourceType<Secret> Resource =
        new("", "v1", "secrets", "Secret", namespaced: true, KubernetesJson.Default.Secret);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }
    public string? Type { get; init; }
    public IReadOnlyDictionary<string, byte[]> Data { get => field ?? ReadOnlyDictionary<string, byte[]>.Empty; init; }
}
