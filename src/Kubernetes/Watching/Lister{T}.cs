using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Mesh.Kubernetes.Watching;

/// <summary>
/// The latest known objects of a kind, for any thread, without locks. Each object is immutable; two look-ups may see
/// different moments. The informer is the only writer.
/// </summary>
public sealed class Lister<T>
    where T : class, IKubernetesObject
{
    // One stripe: there is one writer, and a stripe costs memory for each resize.
    private readonly ConcurrentDictionary<ObjectKey, T> _objects = new(concurrencyLevel: 1, capacity: 31);
    private readonly ImmutableDictionary<string, ObjectIndex<T>> _indexes;

    internal Lister(IReadOnlyDictionary<string, Func<T, IEnumerable<string>>> indexes) =>
        _indexes = indexes.ToImmutableDictionary(index => index.Key, index => new ObjectIndex<T>(index.Value));

    public int Count => _objects.Count;

    /// <summary>A lister over a fixed set, for code that is tried without a server.</summary>
    public static Lister<T> Of(IEnumerable<T> objects, IReadOnlyDictionary<string, Func<T, IEnumerable<string>>>? indexes = null)
    {
        var lister = new Lister<T>(indexes ?? ImmutableDictionary<string, Func<T, IEnumerable<string>>>.Empty);
        foreach (var one in objects) lister.Put(one);
        return lister;
    }

    public T? Find(ObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>All objects; additions and removals meanwhile may or may not show.</summary>
    public IEnumerable<T> List()
    {
        foreach (var entry in _objects) yield return entry.Value;
    }

    /// <summary>All objects of a namespace, by looking at all: give the informer an index where this is asked often.</summary>
    public IEnumerable<T> List(string inNamespace)
    {
        foreach (var entry in _objects)
        {
            if (string.Equals(entry.Key.Namespace, inNamespace, StringComparison.Ordinal)) yield return entry.Value;
        }
    }

    /// <summary>The objects that a named index of the informer files under this value.</summary>
    public IEnumerable<T> ByIndex(string index, string value) => _indexes.TryGetValue(index, out var found)
        ? found.Find(value)
        : throw new ArgumentException($"The informer has no index '{index}'.", nameof(index));

    internal T? Put(T value)
    {
        var key = value.Metadata.Key;
        var old = _objects.GetValueOrDefault(key);
        _objects[key] = value;
        foreach (var (_, index) in _indexes) index.Replace(old, value);
        return old;
    }

    internal T? Remove(ObjectKey key)
    {
        if (!_objects.TryRemove(key, out var old)) return null;
        foreach (var (_, index) in _indexes) index.Replace(old, now: null);
        return old;
    }
}
