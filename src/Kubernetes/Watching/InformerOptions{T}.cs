using System.Collections.Immutable;

namespace Mesh.Kubernetes.Watching;

/// <summary>Which objects an informer follows and how it keeps them.</summary>
public sealed record InformerOptions<T>
    where T : class, IKubernetesObject
{
    public static readonly InformerOptions<T> Default = new();

    /// <summary>Namespace, selectors, page size. <see cref="ListOptions.FromServerCache"/> is right for an agent on every node.</summary>
    public ListOptions Which { get; init; } = ListOptions.All;

    /// <summary>What a stored object is filed under, by the name of the index.</summary>
    public IReadOnlyDictionary<string, Func<T, IEnumerable<string>>> Indexes { get; init; } =
        ImmutableDictionary<string, Func<T, IEnumerable<string>>>.Empty;

    /// <summary>Strips an object before it is kept, to save memory; must keep name, namespace, uid and resource version.</summary>
    public Func<T, T>? Slim { get; init; }
}
