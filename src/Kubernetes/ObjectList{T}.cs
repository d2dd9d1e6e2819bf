namespace Mesh.Kubernetes;

/// <summary>All objects that a list found, and the version from which a watch continues.</summary>
public sealed record ObjectList<T>(string ResourceVersion, IReadOnlyList<T> Items)
    where T : class, IKubernetesObject
{
    /// <summary>Set when the server has more: <see cref="KubernetesClient.ListAsync"/> follows it by itself.</summary>
    public string? Continue { get; init; }

    /// <summary>Objects left out because their JSON does not fit the type; each is logged with its reason.</summary>
    public IReadOnlyList<UnreadableObject> Unreadable { get; init; } = [];
}
