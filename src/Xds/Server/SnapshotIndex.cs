namespace Mesh.Xds.Server;

/// <summary>How on-demand clients find addresses of one snapshot: by alias, by node, by service. Immutable.</summary>
internal sealed class SnapshotIndex
{
    private static readonly List<Resource> None = [];
    private readonly Dictionary<string, Resource> _workloadByAlias = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Resource> _serviceByAlias = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Resource>> _byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Resource>> _byService = new(StringComparer.Ordinal);
    private readonly ResourceMap _addresses;

    public SnapshotIndex(ResourceMap addresses)
    {
        _addresses = addresses;
        foreach (var resource in addresses.All)
        {
            var aliases = resource.Kind == ResourceKind.Workload ? _workloadByAlias : _serviceByAlias;
            foreach (var alias in resource.Aliases)
            {
                // Host-network workloads share an address: the least name answers, on every replica the same.
                if (!aliases.TryGetValue(alias, out var other) || string.CompareOrdinal(resource.Name, other.Name) < 0)
                    aliases[alias] = resource;
            }
            if (resource.Node.Length > 0) Add(_byNode, resource.Node, resource);
            foreach (var service in resource.Services) Add(_byService, service, resource);
        }
    }

    public IReadOnlyList<Resource> OnNode(string node) => _byNode.GetValueOrDefault(node, None);

    public IReadOnlyList<Resource> OfService(string service) => _byService.GetValueOrDefault(service, None);

    /// <summary>What a name means: a workload's uid, a workload's address, a service's name, a service's address, in this order.</summary>
    public Resource? Find(string name)
    {
        if (_addresses.TryFind(name, out var named) && named.Kind == ResourceKind.Workload) return named;
        return _workloadByAlias.GetValueOrDefault(name) ?? named ?? _serviceByAlias.GetValueOrDefault(name);
    }

    private static void Add(Dictionary<string, List<Resource>> lists, string key, Resource resource)
    {
        if (!lists.TryGetValue(key, out var list)) lists[key] = list = [];
        list.Add(resource);
    }
}
