using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Publish;

/// <summary>
/// Objects that select by labels, filed under the first label they want, so that a workload finds those that select it without
/// asking all. Owned by the index's writer.
/// </summary>
internal sealed class SelectorTable<T>(Func<T, StringMap> wantedOf)
    where T : class, IKubernetesObject
{
    private readonly Dictionary<KeyValuePair<string, string>, List<T>> _byFirst = [];

    public void Replace(T? old, T? now)
    {
        if (old is not null && First(old) is { } oldPlace && _byFirst.TryGetValue(oldPlace, out var list))
        {
            list.RemoveAll(item => item.Metadata.Key == old.Metadata.Key);
            if (list.Count == 0) _byFirst.Remove(oldPlace);
        }
        if (now is null || First(now) is not { } place) return;
        if (!_byFirst.TryGetValue(place, out var into)) _byFirst[place] = into = [];
        into.Add(now);
    }

    /// <summary>Those that select these labels; an empty selector selects nothing.</summary>
    public IEnumerable<T> Selecting(StringMap labels)
    {
        if (_byFirst.Count == 0) yield break;
        foreach (var label in labels)
        {
            if (!_byFirst.TryGetValue(label, out var candidates)) continue;
            foreach (var candidate in candidates)
            {
                if (Translate.Selectors.Match(wantedOf(candidate), labels)) yield return candidate;
            }
        }
    }

    private KeyValuePair<string, string>? First(T item)
    {
        foreach (var label in wantedOf(item)) return label;
        return null;
    }
}
