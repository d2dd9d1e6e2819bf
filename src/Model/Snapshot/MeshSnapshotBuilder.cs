using Mesh.Model.Policy;

namespace Mesh.Model.Snapshot;

/// <summary>
/// Turns changes into snapshots. The only owner of the mutable mesh; one thread. Cost of a freeze is the size of what changed, not of the mesh;
/// each service touched by a batch is rebuilt once.
/// </summary>
/// <param name="localNode">Only workloads of this node are found by pod name; null or empty: all are.</param>
public sealed class MeshSnapshotBuilder(string? localNode = null)
{
    private const int ShapesMax = 65_536;
    private readonly WorkloadTables _workloads = new(localNode);
    private readonly ServiceTables _services = new();
    private readonly PolicyIndexBuilder _policies = new();
    private readonly HashSet<WorkloadShape> _shapes = [];
    private MeshSnapshot? _frozen;
    private bool _changed = true;
    private long _version;

    /// <summary>Texts shared by all that this builder stores; decoders may use it to avoid making copies first.</summary>
    public StringPool Strings { get; } = new();

    public int WorkloadCount => _workloads.ByUid.Count;

    public void Apply(MeshChange change)
    {
        switch (change)
        {
            case MeshChange.WorkloadSet set:
                Set(set.Workload);
                break;
            case MeshChange.ServiceSet set:
                Set(set.Service);
                break;
            case MeshChange.PolicySet set:
                Set(set.Policy);
                break;
            case MeshChange.AddressRemoved removed:
                RemoveAddress(removed.Name);
                break;
            case MeshChange.PolicyRemoved removed:
                RemovePolicy(removed.Key);
                break;
        }
    }

    public void Set(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        _changed = true;
        var stored = Store(workload);
        if (_workloads.Find(workload.Uid) is { } old) Forget(old);
        _workloads.Add(stored);
        foreach (var part in stored.Shape.Services) _services.Join(part.Service, stored);
    }

    public void Set(Service service)
    {
        ArgumentNullException.ThrowIfNull(service);
        _changed = true;
        _services.Set(service);
    }

    public void Set(AuthorizationPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _changed = true;
        _policies.Set(policy);
    }

    /// <summary>Removes a workload by uid, else a service by <c>namespace/hostname</c>; an unknown name is no change.</summary>
    public void RemoveAddress(string name)
    {
        if (_workloads.Find(name) is { } workload)
        {
            Forget(workload);
            _changed = true;
            return;
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && _services.Remove(new NamespacedHostname(name[..slash], name[(slash + 1)..]))) _changed = true;
    }

    public void RemovePolicy(string key)
    {
        if (_policies.Remove(key)) _changed = true;
    }

    /// <summary>The mesh as it is now; the same object as long as nothing changed.</summary>
    public MeshSnapshot Freeze()
    {
        if (!_changed && _frozen is not null) return _frozen;
        _services.Settle();
        _frozen = new MeshSnapshot(new MeshTables
        {
            ByUid = _workloads.ByUid.Freeze(),
            ByAddress = _workloads.ByAddress.Freeze(),
            ByName = _workloads.ByName.Freeze(),
            ByHostname = _workloads.ByHostname.Freeze(),
            Services = _services.ByKey.Freeze(),
            ServicesByHostname = _services.ByHostname.Freeze(),
            ServicesByAddress = _services.ByAddress.Freeze(),
            Ranges = _services.Ranges,
            Policies = _policies.Freeze(),
            Version = ++_version,
        });
        _changed = false;
        return _frozen;
    }

    private void Forget(MeshWorkload workload)
    {
        _workloads.Remove(workload);
        foreach (var part in workload.Shape.Services) _services.Leave(part.Service, workload);
    }

    private MeshWorkload Store(Workload source)
    {
        var tail = source.Namespace.Length + 1 + source.Name.Length;
        var isDerived = source.Uid.Length > tail
            && source.Uid.EndsWith(source.Name, StringComparison.Ordinal)
            && source.Uid[^(source.Name.Length + 1)] == '/'
            && source.Uid.AsSpan()[^tail..].StartsWith(source.Namespace, StringComparison.Ordinal)
            && source.Uid[^(tail + 1)] == '/';
        var shape = new WorkloadShape(source, Strings, isDerived ? Strings.Share(source.Uid.AsSpan()[..^tail]) : source.Uid, isDerived);
        if (_shapes.TryGetValue(shape, out var shared))
        {
            shape = shared;
        }
        else
        {
            if (_shapes.Count >= ShapesMax) _shapes.Clear(); // Only costs duplicates.
            _shapes.Add(shape);
        }

        return new MeshWorkload(source.Name, Strings.Share(source.Node), shape, source.Addresses);
    }
}
