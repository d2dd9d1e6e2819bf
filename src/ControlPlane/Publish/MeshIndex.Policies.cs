using System.Collections.Immutable;
using Mesh.ControlPlane.Resources;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Publish;

/// <summary>Policies and who carries their names.</summary>
internal sealed partial class MeshIndex
{
    private readonly Dictionary<ObjectKey, string> _convertedPeers = [];

    private readonly Dictionary<(string Kind, ObjectKey Key), PolicyFinding> _findings = [];

    /// <summary>Policies that are not enforced as written; for the debug page, the log, and events on the objects.</summary>
    public IReadOnlyCollection<PolicyFinding> Findings => _findings.Values;

    private void FlushPolicy(ObjectKey key, IndexFlush flush)
    {
        var policy = View(key.Namespace).Policies.GetValueOrDefault(key.Name);
        var translation = policy is null ? PolicyTranslation.NotForZtunnel : _policies.Translate(policy);
        if (translation.Policy is { } translated) flush.Updates.Add(Resource.From(translated));
        else flush.RemovedPolicies.Add(key.ToString());
        Say(AuthorizationPolicyObject.Forms[0], key, policy, translation.Unsupported, translation.Malformed, flush);
    }

    /// <summary>A policy whose translation threw is denied by, whatever it says.</summary>
    private void CloseFaulty(ObjectKey key, IndexFlush flush)
    {
        if (View(key.Namespace).Policies.GetValueOrDefault(key.Name) is not { } policy || !_policies.IsForZtunnel(policy)) return;
        flush.Updates.Add(Resource.From(_policies.Closed(policy)));
        Say(AuthorizationPolicyObject.Forms[0], key, policy, [], ["its translation failed; the control plane's log says where"], flush);
    }

    private void FlushPeer(ObjectKey key, IndexFlush flush)
    {
        var view = View(key.Namespace);
        var peer = view.Peers.GetValueOrDefault(key.Name);
        var converted = peer is null ? null : _peers.Convert(peer, IsStrict(key.Namespace, view));
        if (converted is not null)
        {
            flush.Updates.Add(Resource.From(converted));
            _convertedPeers[key] = converted.Key;
        }
        else if (_convertedPeers.Remove(key, out var gone)) flush.RemovedPolicies.Add(gone);
        var ignored = peer is null ? null : _peers.IgnoredIn(peer);
        Say(PeerAuthenticationObject.Forms[0], key, peer, ignored is null ? [] : [ignored], peer?.Spec.Problem is { } problem ? [problem] : [], flush);
    }

    private void Say(
        ResourceType type, ObjectKey key, IKubernetesObject? about, IReadOnlyList<string> unsupported, IReadOnlyList<string> malformed, IndexFlush flush)
    {
        var before = _findings.GetValueOrDefault((type.Kind, key));
        if (about is null || unsupported.Count + malformed.Count == 0)
        {
            flush.FindingsChanged |= _findings.Remove((type.Kind, key));
            return;
        }
        var finding = new PolicyFinding(type, about, unsupported, malformed);
        _findings[(type.Kind, key)] = finding;
        if (before is not null && before.Text == finding.Text && before.About.Metadata.Uid == finding.About.Metadata.Uid) return;
        flush.NewFindings.Add(finding);
        flush.FindingsChanged = true;
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
