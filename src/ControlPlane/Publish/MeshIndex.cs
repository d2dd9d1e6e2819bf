using Mesh.ControlPlane.Resources;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using KubeService = Mesh.Kubernetes.Objects.Service;

namespace Mesh.ControlPlane.Publish;

/// <summary>
/// The cluster's objects joined into mesh resources, incrementally: a change marks what depends on it, <see cref="Flush"/> translates
/// what is marked. Not thread-safe: <see cref="MeshState"/> is its owner.
/// </summary>
internal sealed partial class MeshIndex
{
    private readonly MeshSettings _settings;
    private readonly WorkloadTranslator _workloads;
    private readonly ServiceTranslator _services;
    private readonly PolicyTranslator _policies;
    private readonly PeerAuthentications _peers;
    private readonly Dictionary<string, NamespaceView> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<ObjectKey>> _podsByNode = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, GatewayObject> _gateways = [];
    private readonly Dictionary<string, GatewayClassObject> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, Waypoint> _waypoints = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _entriesByHost = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ObjectKey> _servicesByHost = new(StringComparer.Ordinal);
    private readonly DirtySet _dirty = new();
    private string _network = "";
    private bool _primed;

    public MeshIndex(MeshSettings settings)
    {
        _settings = settings;
        _workloads = new WorkloadTranslator(settings);
        _services = new ServiceTranslator(settings);
        _policies = new PolicyTranslator(settings);
        _peers = new PeerAuthentications(settings);
    }

    /// <summary>True when there is something to translate.</summary>
    public bool HasChanges => _primed && !_dirty.IsEmpty;

    public void SetPod(ObjectKey key, Pod? pod)
    {
        var view = View(key.Namespace);
        var old = view.Pods.GetValueOrDefault(key.Name);
        Replace(view.Pods, key.Name, pod);
        if (old?.Spec.NodeName != pod?.Spec.NodeName)
        {
            if (old?.Spec.NodeName is { } from && _podsByNode.TryGetValue(from, out var there) && there.Remove(key) && there.Count == 0)
                _podsByNode.Remove(from);
            if (pod?.Spec.NodeName is { } to) (_podsByNode.TryGetValue(to, out var here) ? here : _podsByNode[to] = []).Add(key);
        }
        _dirty.Pods.Add(key);
    }

    public void SetNode(ObjectKey key, Node? node)
    {
        var old = WorkloadTranslator.LocalityOf(_nodes.GetValueOrDefault(key.Name));
        Replace(_nodes, key.Name, node);
        if (_primed && old != WorkloadTranslator.LocalityOf(node) && _podsByNode.TryGetValue(key.Name, out var pods))
            _dirty.Pods.UnionWith(pods);
    }

    public void SetNamespace(ObjectKey key, Namespace? ns)
    {
        var view = View(key.Name);
        var old = view.Namespace;
        view.Namespace = ns;
        if (key.Name == _settings.SystemNamespace && (ns?.Metadata.Labels.Find(Names.Network) ?? "") is var network && network != _network)
        {
            _network = network;
            foreach (var gateway in _gateways.Keys.ToList()) RefreshWaypoint(gateway);
            MarkAll();
            return;
        }
        if (!Equals(old?.Metadata.Labels, ns?.Metadata.Labels) || !Equals(old?.Metadata.Annotations, ns?.Metadata.Annotations))
            MarkNamespace(key.Name, view);
    }

    public void SetService(ObjectKey key, KubeService? service)
    {
        if (service is not null && !ServiceTranslator.IsMeshed(service)) service = null;
        var view = View(key.Namespace);
        var old = view.Services.GetValueOrDefault(key.Name);
        Replace(view.Services, key.Name, service);
        view.ServiceSelectors.Replace(old, service);
        var host = _services.HostnameOf(service ?? old ?? new KubeService { Metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace } });
        if (service is null) _servicesByHost.Remove(host);
        else _servicesByHost[host] = key;
        foreach (var name in view.SlicesOfService(key.Name))
        {
            view.FilePods(view.Slices[name], present: service is not null && service.Spec.Selector.Count == 0);
            _dirty.Slices.Add(new ObjectKey(key.Namespace, name));
            MarkPodsOf(view.Slices[name]);
        }
        _dirty.Services.Add(key);
        MarkHost(host);
        if (!_primed) return;
        MarkSelected(key.Namespace, view, old?.Spec.Selector);
        MarkSelected(key.Namespace, view, service?.Spec.Selector);
    }

    public void SetSlice(ObjectKey key, EndpointSlice? slice)
    {
        var view = View(key.Namespace);
        var old = view.Slices.GetValueOrDefault(key.Name);
        Replace(view.Slices, key.Name, slice);
        view.FileSlice(old, slice);
        if (old is not null)
        {
            view.FilePods(old, present: false);
            MarkPodsOf(old);
        }
        if (slice is not null)
        {
            if (view.Services.GetValueOrDefault(slice.ServiceName) is { Spec.Selector.Count: 0 }) view.FilePods(slice, present: true);
            MarkPodsOf(slice);
        }
        _dirty.Slices.Add(key);
    }

    public void SetPolicy(ObjectKey key, AuthorizationPolicyObject? policy)
    {
        if (policy is not null && !IsOurs(policy.Metadata)) policy = null;
        var view = View(key.Namespace);
        var old = view.Policies.GetValueOrDefault(key.Name);
        Replace(view.Policies, key.Name, policy);
        // What ztunnel will not be told, workloads must not name.
        view.PolicySelectors.Replace(
            old is not null && _policies.IsForZtunnel(old) ? old : null, policy is not null && _policies.IsForZtunnel(policy) ? policy : null);
        _dirty.Policies.Add(key);
        if (!_primed) return;
        foreach (var (ns, each) in Reach(key.Namespace))
        {
            MarkSelected(ns, each, old?.Spec.Selector?.Wanted());
            MarkSelected(ns, each, policy?.Spec.Selector?.Wanted());
            foreach (var entry in each.ServiceEntries.Values) _dirty.ServiceEntries.Add(entry.Metadata.Key);
        }
    }

    public void SetPeer(ObjectKey key, PeerAuthenticationObject? peer)
    {
        if (peer is not null && !IsOurs(peer.Metadata)) peer = null;
        Replace(View(key.Namespace).Peers, key.Name, peer);
        _dirty.Peers.Add(key);
        _dirty.StaticStrict = true;
        if (!_primed) return;
        foreach (var (ns, view) in Reach(key.Namespace))
        {
            foreach (var name in view.Peers.Keys) _dirty.Peers.Add(new ObjectKey(ns, name)); // Their parent may have changed.
            foreach (var pod in view.Pods.Keys) _dirty.Pods.Add(new ObjectKey(ns, pod));
            foreach (var entry in view.WorkloadEntries.Keys) _dirty.WorkloadEntries.Add(new ObjectKey(ns, entry));
            foreach (var entry in view.ServiceEntries.Keys) _dirty.ServiceEntries.Add(new ObjectKey(ns, entry));
        }
    }

    public void SetServiceEntry(ObjectKey key, ServiceEntryObject? entry)
    {
        if (entry is not null && !IsOurs(entry.Metadata)) entry = null;
        var view = View(key.Namespace);
        var old = view.ServiceEntries.GetValueOrDefault(key.Name);
        Replace(view.ServiceEntries, key.Name, entry);
        view.EntrySelectors.Replace(old, entry);
        foreach (var host in old?.Spec.Hosts ?? [])
        {
            MarkHost(host);
            if (_entriesByHost.TryGetValue(host, out var owners) && owners.Remove(key) && owners.Count == 0) _entriesByHost.Remove(host);
            _dirty.Hosts.Add(host);
        }
        foreach (var host in entry?.Spec.Hosts ?? [])
        {
            (_entriesByHost.TryGetValue(host, out var owners) ? owners : _entriesByHost[host] = []).Add(key);
            MarkHost(host);
        }
        _dirty.ServiceEntries.Add(key);
        if (!_primed) return;
        MarkSelected(key.Namespace, view, old?.Spec.WorkloadSelector?.Wanted());
        MarkSelected(key.Namespace, view, entry?.Spec.WorkloadSelector?.Wanted());
    }

    public void SetWorkloadEntry(ObjectKey key, WorkloadEntryObject? entry)
    {
        if (entry is not null && !IsOurs(entry.Metadata)) entry = null;
        Replace(View(key.Namespace).WorkloadEntries, key.Name, entry);
        _dirty.WorkloadEntries.Add(key);
    }

    public void SetGateway(ObjectKey key, GatewayObject? gateway)
    {
        Replace(_gateways, key, gateway);
        RefreshWaypoint(key);
    }

    public void SetGatewayClass(ObjectKey key, GatewayClassObject? gatewayClass)
    {
        Replace(_classes, key.Name, gatewayClass);
        foreach (var (gateway, value) in _gateways)
        {
            if (value.Spec.GatewayClassName == key.Name) RefreshWaypoint(gateway);
        }
    }

    /// <summary>The first inputs are complete: from now on changes mark what depends on them.</summary>
    public void Prime()
    {
        _primed = true;
        MarkAll();
    }

    private NamespaceView View(string ns) => _namespaces.TryGetValue(ns, out var view) ? view : _namespaces[ns] = new NamespaceView();

    /// <summary>A policy of the root namespace reaches all, another its own.</summary>
    private Dictionary<string, NamespaceView> Reach(string ns) =>
        ns == _settings.RootNamespace ? _namespaces : new Dictionary<string, NamespaceView> { [ns] = View(ns) };

    private bool IsOurs(ObjectMeta meta) => meta.Labels.Find(Names.Revision) is not { } revision || revision == _settings.Revision;

    private static void Replace<TKey, TValue>(Dictionary<TKey, TValue> into, TKey key, TValue? value)
        where TKey : notnull
        where TValue : class
    {
        if (value is null) into.Remove(key);
        else into[key] = value;
    }
}
