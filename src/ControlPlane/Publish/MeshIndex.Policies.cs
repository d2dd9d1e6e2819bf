using System.Collections.Immutable;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Publish;

/// <summary>Policies and who carries their names.</summary>
internal sealed partial class MeshIndex
{
    private readonly Dictionary<ObjectKey, string> _convertedPeers = [];

    /// <summary>Policies that ztunnel cannot enforce as written, with what it leaves out; for the debug page and the log.</summary>
    public Dictionary<string, IReadOnlyList<string>> UnsupportedAttributes { get; } = new(StringComparer.Ordinal);

    private void FlushPolicy(ObjectKey key, IndexFlush flush)
    {
        var translation = View(key.Namespace).Policies.GetValueOrDefault(key.Name) is { } policy
            ? _policies.Translate(policy)
            : PolicyTranslation.NotForZtunnel;
        if (translation.Policy is { } translated) flush.Updates.Add(Resource.From(translated));
        else flush.RemovedPolicies.Add(key.ToString());
        if (translation.Unsupported.Count > 0) UnsupportedAttributes[key.ToString()] = translation.Unsupported;
        else UnsupportedAttributes.Remove(key.ToString());
    }

    private void FlushPeer(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var converted = view.Peers.GetValueOrDefault(key.Name) is { } peer ? _peers.Convert(peer, IsStrict(key.Namespace, view)) : null;
        if (converted is not null)
        {
            flush.Updates.Add(Resource.From(converted));
            _convertedPeers[key] = converted.Key;
        }
        else if (_convertedPeers.Remove(key, out var gone)) flush.RemovedPolicies.Add(gone);
    }

    private void FlushStaticStrict(IndexFlush flush)
    {
        if (_namespaces.Values.Any(view => view.Peers.Count > 0)) flush.Updates.Add(Resource.From(_peers.StaticStrict));
        else flush.RemovedPolicies.Add(_peers.StaticStrictKey);
    }

    /// <summary>Selector policies, sorted, then what peer authentication adds.</summary>
    private ImmutableArray<string> PoliciesFor(string ns, NamespaceView view, StringMap labels)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        var root = View(_settings.RootNamespace);
        foreach (var policy in root.PolicySelectors.Selecting(labels)) names.Add(policy.Metadata.Key.ToString());
        if (ns != _settings.RootNamespace)
        {
            foreach (var policy in view.PolicySelectors.Selecting(labels)) names.Add(policy.Metadata.Key.ToString());
        }
        names.Sort(StringComparer.Ordinal);
        if ((view.Peers.Count > 0 || root.Peers.Count > 0) && _peers.KeyFor(labels, IsStrict(ns, view), view.Peers.Values) is { } peer)
            names.Add(peer);
        return names.ToImmutable();
    }

    private bool IsStrict(string ns, NamespaceView view) => _peers.IsStrict(ns, View(_settings.RootNamespace).Peers.Values, view.Peers.Values);
}
