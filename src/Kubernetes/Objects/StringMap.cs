using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Objects;

/// <summary>Labels or annotations: an immutable map of few entries in one array, a fraction of a dictionary's memory.</summary>
[JsonConverter(typeof(StringMapConverter))]
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "The API's word is map.")]
public sealed class StringMap : IReadOnlyDictionary<string, string>, IEquatable<StringMap>
{
    public static readonly StringMap Empty = new([]);

    private readonly string[] _entries; // Key, value, key, value, sorted by key.

    private StringMap(string[] entries) => _entries = entries;

    public static StringMap From(IEnumerable<KeyValuePair<string, string>> entries)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in entries) sorted[key] = value;
        if (sorted.Count == 0) return Empty;
        var flat = new string[sorted.Count * 2];
        var at = 0;
        foreach (var (key, value) in sorted)
        {
            flat[at++] = key;
            flat[at++] = value;
        }

        return new StringMap(flat);
    }

    public int Count => _entries.Length / 2;

    public string this[string key] => Find(key) ?? throw new KeyNotFoundException($"There is no '{key}'.");

    public IEnumerable<string> Keys
    {
        get
        {
            for (var i = 0; i < _entries.Length; i += 2) yield return _entries[i];
        }
    }

    public IEnumerable<string> Values
    {
        get
        {
            for (var i = 1; i < _entries.Length; i += 2) yield return _entries[i];
        }
    }

    public string? Find(string key)
    {
        for (var i = 0; i < _entries.Length; i += 2)
        {
            if (string.Equals(_entries[i], key, StringComparison.Ordinal)) return _entries[i + 1];
        }

        return null;
    }

    public bool ContainsKey(string key) => Find(key) is not null;

    public bool Has(string key, string value) => string.Equals(Find(key), value, StringComparison.Ordinal);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value) => (value = Find(key)) is not null;

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (var i = 0; i < _entries.Length; i += 2) yield return new KeyValuePair<string, string>(_entries[i], _entries[i + 1]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public bool Equals(StringMap? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    public override bool Equals(object? obj) => Equals(obj as StringMap);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var entry in _entries) hash.Add(entry, StringComparer.Ordinal);
        return hash.ToHashCode();
    }
}
