namespace Mesh.Kubernetes.Objects;

/// <summary>Lists as the records keep them: exact arrays, one shared instance when empty; the API writes null for empty.</summary>
public static class Frozen
{
    public static IReadOnlyList<T> List<T>(IReadOnlyList<T>? items) => items switch
    {
        null or { Count: 0 } => [],
        T[] array => array,
        _ => [.. items],
    };
}
