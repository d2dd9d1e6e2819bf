using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Mesh.Kubernetes.Watching;

/// <summary>
/// Objects by a derived key such as their node. Most keys hold one object, so a slot is the object itself until there are
/// two. One writer (the store, under its lock); any thread reads.
/// </summary>
internal sealed class ObjectIndex<T>(Func<T, IEnumerable<string>> keysOf)
    where T : class, IKubernetesObject
{
    private readonly ConcurrentDictionary<string, object> _slots = new(concurrencyLevel: 1, capacity: 31, StringComparer.Ordinal);

    public IEnumerable<T> Find(string key)
    {
        if (!_slots.TryGetValue(key, out var slot)) return [];
        return slot is T one ? [one] : ((ImmutableDictionary<ObjectKey, T>)slot).Values;
    }

    public void Replace(T? old, T? now)
    {
        if (old is not null)
        {
            foreach (var key in keysOf(old)) Remove(key, old.Metadata.Key);
        }

        if (now is not null)
        {
            foreach (var key in keysOf(now)) Add(key, now);
        }
    }

    private void Add(string key, T value)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            _slots[key] = value;
            return;
        }

        var many = slot is T one
            ? ImmutableDictionary<ObjectKey, T>.Empty.Add(one.Metadata.Key, one)
            : (ImmutableDictionary<ObjectKey, T>)slot;
        many = many.SetItem(value.Metadata.Key, value);
        _slots[key] = many.Count == 1 ? value : many;
    }

    private void Remove(string key, ObjectKey name)
    {
        if (!_slots.TryGetValue(key, out var slot)) return;
        if (slot is T one)
        {
            if (one.Metadata.Key == name) _slots.TryRemove(key, out _);
            return;
        }

        var fewer = ((ImmutableDictionary<ObjectKey, T>)slot).Remove(name);
        if (fewer.Count > 1) _slots[key] = fewer;
        else if (fewer.Count == 1) _slots[key] = fewer.Values.First();
        else _slots.TryRemove(key, out _);
    }
}
