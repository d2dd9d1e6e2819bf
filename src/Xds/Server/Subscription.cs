using Mesh.Xds.Protos;

namespace Mesh.Xds.Server;

/// <summary>
/// One resource type on one stream: what the client wants, what it was sent, what is still to send. A wildcard subscription keeps no
/// names beyond those pending. Owned by the stream's loop.
/// </summary>
internal sealed class Subscription(string typeUrl, string node)
{
    /// <summary>Names one client may ask for on demand.</summary>
    public const int NamesMax = 500_000;

    private readonly HashSet<string> _watched = new(StringComparer.Ordinal);
    private readonly HashSet<string> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _sent = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pending = new(StringComparer.Ordinal);
    private long _upTo;

    public string TypeUrl => typeUrl;
    public bool IsWildcard { get; private set; }
    public bool IsPolicies => typeUrl == TypeUrls.Authorization;
    public string LastNonce { get; set; } = "";
    public string AckedNonce { get; set; } = "";
    public string LastError { get; set; } = "";
    /// <summary>When the push that is not yet answered was written; null when none is.</summary>
    public DateTimeOffset? InFlightSince { get; set; }
    /// <summary>When the oldest change that is not yet acknowledged was published.</summary>
    public DateTimeOffset? PendingSince { get; set; }
    public bool HasPending => _pending.Count > 0;
    public bool IsTooLarge => _watched.Count > NamesMax;

    private bool HasResources => typeUrl is TypeUrls.Address or TypeUrls.Workload or TypeUrls.Authorization;

    /// <summary>The first request of the type: always answered.</summary>
    public (List<Resource> Resources, List<string> Removed) Start(DeltaDiscoveryRequest request, ResourceSnapshot snapshot)
    {
        var subscribesAll = request.ResourceNamesSubscribe.Count == 0 || request.ResourceNamesSubscribe.Contains("*");
        _upTo = snapshot.Number;
        IsWildcard = subscribesAll && !request.ResourceNamesUnsubscribe.Contains("*");
        var resources = new List<Resource>();
        var removed = new List<string>();
        if (!HasResources) return (resources, removed);
        var held = request.InitialResourceVersions;
        if (IsWildcard)
        {
            foreach (var resource in All(snapshot))
            {
                if (IsPolicies || held.Count == 0 || !held.TryGetValue(resource.Name, out var version) || version != resource.VersionText)
                {
                    resources.Add(resource);
                }
            }
            foreach (var name in held.Keys)
            {
                if (Find(snapshot, name) is null) removed.Add(name);
            }
            return (resources, removed);
        }
        foreach (var (name, version) in held)
        {
            _watched.Add(name);
            if (Find(snapshot, name) is { } known && known.VersionText == version && !IsPolicies) _sent[known.Name] = known.Version;
        }
        foreach (var name in request.ResourceNamesSubscribe) _watched.Add(name);
        _watched.Remove("*");
        foreach (var name in request.ResourceNamesUnsubscribe) _watched.Remove(name);
        Collect([.. _watched], snapshot, resources, removed);
        return (resources, removed);
    }

    /// <summary>A later change of names; null when nothing new was asked for, which needs no answer.</summary>
    public (List<Resource> Resources, List<string> Removed)? Change(DeltaDiscoveryRequest request, ResourceSnapshot snapshot)
    {
        var wasWildcard = IsWildcard;
        if (request.ResourceNamesSubscribe.Contains("*")) IsWildcard = true;
        if (request.ResourceNamesUnsubscribe.Contains("*")) IsWildcard = false;
        foreach (var name in request.ResourceNamesUnsubscribe)
        {
            _watched.Remove(name);
            _sent.Remove(name);
            _services.Remove(name);
        }
        if (!HasResources) return null;
        var resources = new List<Resource>();
        var removed = new List<string>();
        if (IsWildcard)
        {
            if (wasWildcard) return null;
            resources.AddRange(All(snapshot));
            return (resources, removed);
        }
        var asked = request.ResourceNamesSubscribe.Where(name => name != "*" && _watched.Add(name)).ToList();
        if (asked.Count == 0) return null;
        // Every name that is asked for gets an answer, also one whose resource went out under another name before.
        foreach (var name in asked)
        {
            if ((IsPolicies ? Find(snapshot, name) : FindAny(snapshot, name)) is { } again) _sent.Remove(again.Name);
        }
        Collect(asked, snapshot, resources, removed);
        return (resources, removed);
    }

    /// <summary>Notes names that changed; what the client has already been told with a later snapshot is none.</summary>
    public void Offer(ResourceChanges changes, DateTimeOffset publishedAt)
    {
        if (changes.SnapshotNumber <= _upTo) return;
        var names = IsPolicies ? changes.Policies : changes.Addresses;
        if (names.Count == 0 || !HasResources) return;
        _pending.UnionWith(names);
        PendingSince ??= publishedAt;
    }

    /// <summary>What the pending names mean for this client now; null when nothing.</summary>
    public (List<Resource> Resources, List<string> Removed)? TakePending(ResourceSnapshot snapshot)
    {
        var resources = new List<Resource>();
        var removed = new List<string>();
        foreach (var name in _pending)
        {
            var resource = Find(snapshot, name);
            if (IsWildcard)
            {
                if (resource is not null) resources.Add(resource);
                else removed.Add(name); // Also when a Workload-only client never had it: unknown names are ignored.
            }
            else if (resource is null)
            {
                if (_sent.Remove(name) | _watched.Contains(name)) removed.Add(name);
            }
            else if (IsOfInterest(resource)) Add(resource, snapshot, resources);
        }
        _pending.Clear();
        _upTo = snapshot.Number;
        return resources.Count == 0 && removed.Count == 0 ? null : (resources, removed);
    }

    private void Collect(IReadOnlyList<string> names, ResourceSnapshot snapshot, List<Resource> resources, List<string> removed)
    {
        foreach (var name in names)
        {
            var resource = IsPolicies ? Find(snapshot, name) : FindAny(snapshot, name);
            if (resource is null) removed.Add(name); // The name stays watched: it is sent when somebody takes it.
            else Add(resource, snapshot, resources);
        }
        if (IsPolicies || node.Length == 0) return;
        foreach (var local in snapshot.Index.OnNode(node)) AddOnce(local, resources);
    }

    private void Add(Resource resource, ResourceSnapshot snapshot, List<Resource> resources)
    {
        AddOnce(resource, resources);
        if (resource.Kind != ResourceKind.Service || !_services.Add(resource.Name)) return;
        foreach (var workload in snapshot.Index.OfService(resource.Name)) AddOnce(workload, resources);
    }

    private void AddOnce(Resource resource, List<Resource> resources)
    {
        if (_sent.TryGetValue(resource.Name, out var version) && version == resource.Version) return;
        _sent[resource.Name] = resource.Version;
        resources.Add(resource);
    }

    private bool IsOfInterest(Resource resource)
    {
        if (_sent.ContainsKey(resource.Name) || _watched.Contains(resource.Name)) return true;
        if (resource.Node.Length > 0 && resource.Node == node) return true;
        foreach (var alias in resource.Aliases)
        {
            if (_watched.Contains(alias)) return true; // A name that had no owner when it was asked for.
        }
        foreach (var service in resource.Services)
        {
            if (_services.Contains(service)) return true;
        }
        return false;
    }

    private IEnumerable<Resource> All(ResourceSnapshot snapshot) =>
        IsPolicies ? snapshot.Policies.All
        : typeUrl == TypeUrls.Workload ? snapshot.Addresses.All.Where(r => r.Kind == ResourceKind.Workload)
        : snapshot.Addresses.All;

    private Resource? Find(ResourceSnapshot snapshot, string name)
    {
        var map = IsPolicies ? snapshot.Policies : snapshot.Addresses;
        if (!map.TryFind(name, out var resource)) return null;
        return typeUrl == TypeUrls.Workload && resource.Kind != ResourceKind.Workload ? null : resource;
    }

    private Resource? FindAny(ResourceSnapshot snapshot, string name)
    {
        var resource = snapshot.Index.Find(name);
        return typeUrl == TypeUrls.Workload && resource?.Kind != ResourceKind.Workload ? null : resource;
    }
}
