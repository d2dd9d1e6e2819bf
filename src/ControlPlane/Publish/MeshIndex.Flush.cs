using System.Collections.Immutable;
using Mesh.ControlPlane.Resources;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Model;
using Mesh.Xds.Server;
using KubeService = Mesh.Kubernetes.Objects.Service;

namespace Mesh.ControlPlane.Publish;

/// <summary>Translation of what is marked.</summary>
internal sealed partial class MeshIndex
{
    /// <summary>Names that objects with several outputs gave last time.</summary>
    private readonly Dictionary<(string Kind, string Key), HashSet<string>> _outputs = [];

    public IndexFlush Flush()
    {
        var flush = new IndexFlush();
        Each("AuthorizationPolicy", _dirty.Policies, FlushPolicy, flush, CloseFaulty);
        Each("PeerAuthentication", _dirty.Peers, FlushPeer, flush);
        if (_dirty.StaticStrict) FlushStaticStrict(flush);
        Each("Service", _dirty.Services, FlushService, flush);
        Each("Host", _dirty.Hosts, FlushHost, flush);
        Each("Pod", _dirty.Pods, FlushPod, flush);
        Each("WorkloadEntry", _dirty.WorkloadEntries, FlushWorkloadEntry, flush);
        Each("ServiceEntry", _dirty.ServiceEntries, FlushServiceEntry, flush);
        Each("EndpointSlice", _dirty.Slices, FlushSlice, flush);
        _dirty.Clear();
        return flush;
    }

    /// <summary>The edge of the loop: an object that we cannot translate stays as proxies have it, and costs the others nothing.</summary>
    private static void Each<TKey>(
        string kind, HashSet<TKey> keys, Action<TKey, IndexFlush> translate, IndexFlush flush, Action<TKey, IndexFlush>? onFault = null)
    {
        foreach (var key in keys)
        {
            try
            {
                translate(key, flush);
            }
            catch (Exception fault)
            {
                flush.Faults.Add(new IndexFault(kind, key?.ToString() ?? "", fault));
                onFault?.Invoke(key, flush);
            }
        }
    }

    private void FlushPod(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var workload = view.Pods.GetValueOrDefault(key.Name) is { } pod ? _workloads.FromPod(pod, ContextOf(pod, view)) : null;
        if (workload is null) flush.RemovedAddresses.Add(_workloads.UidOfPod(key));
        else flush.Updates.Add(Resource.From(workload));
    }

    private WorkloadContext ContextOf(Pod pod, NamespaceView view)
    {
        var labels = pod.Metadata.Labels;
        ApplicationTunnel? tunnel = null;
        if (labels.Find(Names.GatewayName) is { } gateway
            && _waypoints.GetValueOrDefault(new ObjectKey(pod.Metadata.Namespace, gateway)) is { Address: not null } own) tunnel = own.Binding;
        return new WorkloadContext
        {
            Network = _network,
            Locality = pod.Spec.NodeName is { } node ? WorkloadTranslator.LocalityOf(_nodes.GetValueOrDefault(node)) : Locality.Unknown,
            Services = ServicesOf(pod, view),
            Policies = PoliciesFor(pod.Metadata.Namespace, view, labels),
            Waypoint = WaypointTranslator.ForWorkload(pod.Metadata, labels, view.Namespace, FindWaypoint).Primary,
            ApplicationTunnel = tunnel,
        };
    }

    private ImmutableArray<WorkloadService> ServicesOf(Pod pod, NamespaceView view)
    {
        var found = new List<WorkloadService>();
        foreach (var service in view.ServiceSelectors.Selecting(pod.Metadata.Labels)) found.Add(Of(service));
        foreach (var slice in view.SlicesOfPod(pod.Metadata.Name))
        {
            var (name, refers) = (view.Slices[slice].ServiceName, false);
            foreach (var endpoint in view.Slices[slice].Endpoints)
            {
                refers |= endpoint.TargetRef is { Kind: "Pod" } target && target.Name == pod.Metadata.Name
                    && (target.Uid is null or "" || target.Uid == pod.Metadata.Uid);
            }
            if (refers && view.Services.GetValueOrDefault(name) is { } service) found.Add(Of(service));
        }
        foreach (var entry in view.EntrySelectors.Selecting(pod.Metadata.Labels))
            AddEntry(found, entry, TargetPorts.OfPod(pod, entry.Spec));
        return InOrder(found);

        WorkloadService Of(KubeService service) =>
            new(new NamespacedHostname(service.Metadata.Namespace, _services.HostnameOf(service)), TargetPorts.OfPod(pod, service));
    }

    private void FlushWorkloadEntry(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var uids = new HashSet<string>(StringComparer.Ordinal);
        if (view.WorkloadEntries.GetValueOrDefault(key.Name) is { } entry)
        {
            var labels = WorkloadTranslator.LabelsOf(entry);
            var found = new List<WorkloadService>();
            foreach (var service in view.ServiceSelectors.Selecting(labels))
            {
                found.Add(new WorkloadService(
                    new NamespacedHostname(key.Namespace, _services.HostnameOf(service)), TargetPorts.OfEntry(entry.Spec, service)));
            }
            foreach (var serviceEntry in view.EntrySelectors.Selecting(labels))
                AddEntry(found, serviceEntry, TargetPorts.OfEntry(entry.Spec, serviceEntry.Spec));
            var workload = _workloads.FromEntry(entry, new WorkloadContext
            {
                Network = _network,
                Services = InOrder(found),
                Policies = PoliciesFor(key.Namespace, view, labels),
                Waypoint = WaypointTranslator.ForWorkload(entry.Metadata, labels, view.Namespace, FindWaypoint).Primary,
            });
            uids.Add(workload.Uid);
            flush.Updates.Add(Resource.From(workload));
        }
        Settle("WorkloadEntry", key.ToString(), uids, flush);
    }

    private void FlushServiceEntry(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var uids = new HashSet<string>(StringComparer.Ordinal);
        if (view.ServiceEntries.GetValueOrDefault(key.Name) is { } entry)
        {
            var hosts = (entry.Spec.Hosts ?? []).Where(host => Wins(entry, host)).ToList();
            foreach (var (endpoint, own) in Endpoints(entry, hosts))
            {
                var ports = TargetPorts.OfEntry(endpoint, entry.Spec);
                var context = new WorkloadContext
                {
                    Network = _network,
                    Services = InOrder([.. own.Select(host => new WorkloadService(new NamespacedHostname(key.Namespace, host), ports))]),
                    Policies = PoliciesFor(key.Namespace, view, entry.Metadata.Labels),
                    Waypoint = ServiceTranslator.HasImplicitEndpoints(entry.Spec)
                        ? null
                        : WaypointTranslator.ForWorkload(entry.Metadata, endpoint.Labels, view.Namespace, FindWaypoint).Primary,
                };
                var workload = _workloads.FromServiceEntry(entry, endpoint, context);
                if (uids.Add(workload.Uid)) flush.Updates.Add(Resource.From(workload));
            }
        }
        Settle("ServiceEntry", key.ToString(), uids, flush);
    }

    private static IEnumerable<(WorkloadEntrySpec Endpoint, IEnumerable<string> Hosts)> Endpoints(ServiceEntryObject entry, List<string> hosts)
    {
        if (hosts.Count == 0) yield break; // Another object owns all its names.
        if (ServiceTranslator.HasImplicitEndpoints(entry.Spec))
        {
            foreach (var host in hosts) yield return (new WorkloadEntrySpec { Address = host }, [host]);
            yield break;
        }
        foreach (var endpoint in entry.Spec.Endpoints ?? []) yield return (endpoint, hosts);
    }

    private void FlushSlice(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var uids = new HashSet<string>(StringComparer.Ordinal);
        if (view.Slices.GetValueOrDefault(key.Name) is { } slice && view.Services.GetValueOrDefault(slice.ServiceName) is { } service)
        {
            foreach (var workload in _workloads.FromSlice(slice, service, _services.HostnameOf(service), _network))
            {
                if (uids.Add(workload.Uid)) flush.Updates.Add(Resource.From(workload));
            }
        }
        Settle("EndpointSlice", key.ToString(), uids, flush);
    }

    private void FlushService(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (view.Services.GetValueOrDefault(key.Name) is { } service)
        {
            var waypoint = WaypointTranslator.ForService(service.Metadata, view.Namespace, FindWaypoint);
            var translated = _services.From(service, _network, waypoint, view.Namespace);
            names.Add(translated.Key.ToString());
            flush.Updates.Add(Resource.From(translated));
        }
        Settle("Service", key.ToString(), names, flush);
    }

    /// <summary>The services that entries make of one host: in each namespace the oldest entry, none where a Service has the name.</summary>
    private void FlushHost(string host, IndexFlush flush)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var winners = (_entriesByHost.GetValueOrDefault(host) ?? [])
            .Select(key => View(key.Namespace).ServiceEntries[key.Name])
            .Where(entry => Wins(entry, host))
            .ToList();
        var canonical = _servicesByHost.ContainsKey(host) ? null : Oldest(winners);
        foreach (var entry in winners)
        {
            var ns = View(entry.Metadata.Namespace).Namespace;
            var waypoint = WaypointTranslator.ForService(entry.Metadata, ns, FindWaypoint);
            var service = ServiceTranslator.From(entry, host, _network, waypoint, ns, ReferenceEquals(entry, canonical));
            names.Add(service.Key.ToString());
            flush.Updates.Add(Resource.From(service));
        }
        Settle("Host", host, names, flush);
    }

    private bool Wins(ServiceEntryObject entry, string host)
    {
        var ns = entry.Metadata.Namespace;
        if (_servicesByHost.TryGetValue(host, out var service) && service.Namespace == ns) return false;
        var rivals = (_entriesByHost.GetValueOrDefault(host) ?? []).Where(key => key.Namespace == ns).Select(key => View(ns).ServiceEntries[key.Name]);
        return ReferenceEquals(Oldest(rivals), entry);
    }

    private static ServiceEntryObject? Oldest(IEnumerable<ServiceEntryObject> entries) => entries
        .OrderBy(e => e.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue)
        .ThenBy(e => e.Metadata.Namespace, StringComparer.Ordinal)
        .ThenBy(e => e.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private void AddEntry(List<WorkloadService> found, ServiceEntryObject entry, ImmutableArray<Model.ServicePort> ports)
    {
        foreach (var host in entry.Spec.Hosts ?? [])
        {
            if (Wins(entry, host)) found.Add(new WorkloadService(new NamespacedHostname(entry.Metadata.Namespace, host), ports));
        }
    }

    /// <summary>Sorted by name and each once, so that equal workloads have equal bytes.</summary>
    private static ImmutableArray<WorkloadService> InOrder(List<WorkloadService> services)
    {
        if (services.Count < 2) return [.. services];
        return
        [
            .. services.DistinctBy(s => s.Service)
                .OrderBy(s => s.Service.Namespace, StringComparer.Ordinal)
                .ThenBy(s => s.Service.Hostname, StringComparer.Ordinal),
        ];
    }

    private Waypoint? FindWaypoint(ObjectKey key) => _waypoints.GetValueOrDefault(key);

    /// <summary>Names given before and not now are gone.</summary>
    private void Settle(string kind, string key, HashSet<string> names, IndexFlush flush)
    {
        if (_outputs.TryGetValue((kind, key), out var before))
        {
            foreach (var name in before)
            {
                if (!names.Contains(name)) flush.RemovedAddresses.Add(name);
            }
        }
        if (names.Count == 0) _outputs.Remove((kind, key));
        else _outputs[(kind, key)] = names;
    }
}
