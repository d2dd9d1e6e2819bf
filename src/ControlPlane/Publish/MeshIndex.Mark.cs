using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Publish;

/// <summary>What depends on what.</summary>
internal sealed partial class MeshIndex
{
    private void MarkAll()
    {
        if (!_primed) return; // Prime marks everything once.
        foreach (var (ns, view) in _namespaces) MarkNamespace(ns, view);
        _dirty.StaticStrict = true;
    }

    private void MarkNamespace(string ns, NamespaceView view)
    {
        if (!_primed) return;
        foreach (var name in view.Pods.Keys) _dirty.Pods.Add(new ObjectKey(ns, name));
        foreach (var name in view.Services.Keys) _dirty.Services.Add(new ObjectKey(ns, name));
        foreach (var name in view.Slices.Keys) _dirty.Slices.Add(new ObjectKey(ns, name));
        foreach (var name in view.WorkloadEntries.Keys) _dirty.WorkloadEntries.Add(new ObjectKey(ns, name));
        foreach (var name in view.Policies.Keys) _dirty.Policies.Add(new ObjectKey(ns, name));
        foreach (var name in view.Peers.Keys) _dirty.Peers.Add(new ObjectKey(ns, name));
        foreach (var (name, entry) in view.ServiceEntries)
        {
            _dirty.ServiceEntries.Add(new ObjectKey(ns, name));
            _dirty.Hosts.UnionWith(entry.Spec.Hosts ?? []);
        }
    }

    /// <summary>Workloads of the namespace that a selector chooses.</summary>
    private void MarkSelected(string ns, NamespaceView view, StringMap? wanted)
    {
        if (wanted is null || wanted.Count == 0) return;
        foreach (var (name, pod) in view.Pods)
        {
            if (Selectors.Match(wanted, pod.Metadata.Labels)) _dirty.Pods.Add(new ObjectKey(ns, name));
        }
        foreach (var (name, entry) in view.WorkloadEntries)
        {
            if (Selectors.Match(wanted, WorkloadTranslator.LabelsOf(entry))) _dirty.WorkloadEntries.Add(new ObjectKey(ns, name));
        }
    }

    private void MarkPodsOf(EndpointSlice slice)
    {
        if (!_primed) return;
        var selects = View(slice.Metadata.Namespace).Services.GetValueOrDefault(slice.ServiceName)?.Spec.Selector.Count > 0;
        if (selects) return; // Its pods are found by their labels, whatever the slice says.
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.TargetRef is { Kind: "Pod", Name: { } pod }) _dirty.Pods.Add(new ObjectKey(slice.Metadata.Namespace, pod));
        }
    }

    /// <summary>A host's owners changed: whoever else claims it may now win or lose, with its endpoints and selected workloads.</summary>
    private void MarkHost(string host)
    {
        if (!_entriesByHost.TryGetValue(host, out var owners)) return;
        _dirty.Hosts.Add(host);
        foreach (var owner in owners)
        {
            _dirty.ServiceEntries.Add(owner);
            var view = View(owner.Namespace);
            if (_primed && view.ServiceEntries.GetValueOrDefault(owner.Name) is { } entry)
            {
                MarkSelected(owner.Namespace, view, entry.Spec.WorkloadSelector?.Wanted());
            }
        }
    }

    private void RefreshWaypoint(ObjectKey key)
    {
        var old = _waypoints.GetValueOrDefault(key);
        var gateway = _gateways.GetValueOrDefault(key);
        var gatewayClass = gateway?.Spec.GatewayClassName is { } name ? _classes.GetValueOrDefault(name) : null;
        var now = gateway is null ? null : WaypointTranslator.From(gateway, gatewayClass, _network);
        Replace(_waypoints, key, now);
        if (!_primed || Equals(old, now)) return;
        foreach (var (ns, view) in _namespaces)
        {
            if (view.Namespace?.Metadata.Labels.ContainsKey(Names.UseWaypoint) == true)
            {
                MarkNamespace(ns, view);
                continue;
            }
            MarkLabelled(view.Pods, ns, Uses, _dirty.Pods);
            MarkLabelled(view.Services, ns, Uses, _dirty.Services);
            MarkLabelled(view.WorkloadEntries, ns, static e => Uses(e) || e.Spec.Labels.ContainsKey(Names.UseWaypoint), _dirty.WorkloadEntries);
            foreach (var entry in view.ServiceEntries.Values.Where(Uses))
            {
                _dirty.ServiceEntries.Add(entry.Metadata.Key);
                _dirty.Hosts.UnionWith(entry.Spec.Hosts ?? []);
            }
        }
        // The gateway's own pods may be given the connections as they arrive.
        var own = View(key.Namespace).Pods;
        MarkLabelled(own, key.Namespace, pod => pod.Metadata.Labels.Has(Names.GatewayName, key.Name), _dirty.Pods);
    }

    private static bool Uses(IKubernetesObject item) => item.Metadata.Labels.ContainsKey(Names.UseWaypoint);

    private static void MarkLabelled<T>(Dictionary<string, T> items, string ns, Func<T, bool> marks, HashSet<ObjectKey> dirty)
    {
        foreach (var (name, item) in items)
        {
            if (marks(item)) dirty.Add(new ObjectKey(ns, name));
        }
    }
}
