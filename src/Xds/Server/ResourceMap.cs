using System.Diagnostics.CodeAnalysis;

namespace Mesh.Xds.Server;

/// <summary>
/// Resources by name, immutable: a change copies the short buckets it touches and shares the rest, so a snapshot of a hundred
/// thousand resources costs what changed.
/// </summary>
internal sealed class ResourceMap
{
    private const int BucketsMin = 16;
    private const int PerBucket = 16;
    private readonly Resource[][] _buckets;

    private ResourceMap(Resource[][] buckets, int count)
    {
        _buckets = buckets;
        Count = count;
    }

    public static ResourceMap Empty { get; } = new(NewBuckets(BucketsMin), 0);

    public int Count { get; }

    public IEnumerable<Resource> All => _buckets.SelectMany(bucket => bucket);

    public bool TryFind(string name, [NotNullWhen(true)] out Resource? resource)
    {
        foreach (var candidate in _buckets[Index(name, _buckets.Length)])
        {
            if (candidate.Name != name) continue;
            resource = candidate;
            return true;
        }
        resource = null;
        return false;
    }

    /// <summary>This map with the changes; a null resource removes the name. Names must be distinct.</summary>
    public ResourceMap With(IReadOnlyCollection<KeyValuePair<string, Resource?>> changes)
    {
        if (changes.Count == 0) return this;
        var added = changes.Count(c => c.Value is not null && !TryFind(c.Key, out _));
        var buckets = Count + added > _buckets.Length * PerBucket * 2 ? Spread(Count + added) : (Resource[][])_buckets.Clone();
        var count = Count;
        foreach (var perBucket in changes.GroupBy(c => Index(c.Key, buckets.Length)))
        {
            var bucket = buckets[perBucket.Key].ToList();
            foreach (var (name, resource) in perBucket)
            {
                var at = bucket.FindIndex(r => r.Name == name);
                if (at >= 0) bucket.RemoveAt(at);
                if (resource is not null) bucket.Add(resource);
                count += (resource is null ? 0 : 1) - (at >= 0 ? 1 : 0);
            }
            buckets[perBucket.Key] = [.. bucket];
        }
        return new ResourceMap(buckets, count);
    }

    private Resource[][] Spread(int count)
    {
        var length = _buckets.Length;
        while (length * PerBucket < count) length *= 2;
        var lists = new List<Resource>?[length];
        foreach (var resource in All) (lists[Index(resource.Name, length)] ??= []).Add(resource);
        return [.. lists.Select(list => list?.ToArray() ?? [])];
    }

    private static Resource[][] NewBuckets(int length)
    {
        var buckets = new Resource[length][];
        Array.Fill(buckets, []);
        return buckets;
    }

    private static int Index(string name, int buckets) => name.GetHashCode(StringComparison.Ordinal) & (buckets - 1);
}
