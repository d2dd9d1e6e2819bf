using System.Diagnostics.CodeAnalysis;

namespace Mesh.Xds.Server;

/// <summary>All resources at one moment, immutable. One writer makes the next from this one; any number of streams read.</summary>
public sealed class ResourceSnapshot
{
    private readonly Lazy<SnapshotIndex> _index;

    private ResourceSnapshot(long number, ResourceMap addresses, ResourceMap policies)
    {
        Number = number;
        Addresses = addresses;
        Policies = policies;
        _index = new Lazy<SnapshotIndex>(() => new SnapshotIndex(Addresses));
    }

    public static ResourceSnapshot Empty { get; } = new(0, ResourceMap.Empty, ResourceMap.Empty);

    /// <summary>Counts the snapshots of this process.</summary>
    public long Number { get; }
    internal ResourceMap Addresses { get; }
    internal ResourceMap Policies { get; }
    /// <summary>Made when the first on-demand client of the snapshot asks.</summary>
    internal SnapshotIndex Index => _index.Value;

    public int AddressCount => Addresses.Count;
    public int PolicyCount => Policies.Count;

    /// <summary>Every resource name with its content version; for debug pages.</summary>
    public IEnumerable<KeyValuePair<string, string>> Versions =>
        Addresses.All.Concat(Policies.All).Select(r => KeyValuePair.Create(r.Name, r.VersionText));

    public bool TryFindAddress(string name, [NotNullWhen(true)] out Resource? resource) => Addresses.TryFind(name, out resource);

    public bool TryFindPolicy(string name, [NotNullWhen(true)] out Resource? resource) => Policies.TryFind(name, out resource);

    /// <summary>The next snapshot and what really differs; a resource of equal content is no change.</summary>
    public (ResourceSnapshot Next, ResourceChanges Changes) Apply(
        IEnumerable<Resource> updates, IEnumerable<string> removedAddresses, IEnumerable<string> removedPolicies)
    {
        var addresses = Removals(removedAddresses, Addresses);
        var policies = Removals(removedPolicies, Policies);
        foreach (var update in updates)
        {
            var (map, changes) = update.Kind == ResourceKind.Policy ? (Policies, policies) : (Addresses, addresses);
            if (map.TryFind(update.Name, out var current) && current.Version == update.Version) changes.Remove(update.Name);
            else changes[update.Name] = update;
        }
        if (addresses.Count == 0 && policies.Count == 0) return (this, ResourceChanges.None);
        var next = new ResourceSnapshot(Number + 1, Addresses.With(addresses), Policies.With(policies));
        return (next, new ResourceChanges(Number + 1, [.. addresses.Keys], [.. policies.Keys]));
    }

    private static Dictionary<string, Resource?> Removals(IEnumerable<string> names, ResourceMap map)
    {
        var removals = new Dictionary<string, Resource?>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (map.TryFind(name, out _)) removals[name] = null;
        }
        return removals;
    }
}
