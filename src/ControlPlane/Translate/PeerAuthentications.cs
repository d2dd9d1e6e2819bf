using System.Collections.Immutable;
using System.Globalization;
using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes.Objects;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>
/// Who must use mutual TLS, as policies that deny callers without an identity. Pure. The effective mode of a workload is worked
/// out once, here, and decides both which policies exist and which the workload names. What cannot be understood counts as STRICT.
/// </summary>
internal sealed class PeerAuthentications(MeshSettings settings)
{
    public const string StaticStrictName = "istio_converted_static_strict";
    private const string ConvertedPrefix = "converted_peer_authentication_";
    private const string Strict = "STRICT";

    public string StaticStrictKey => $"{settings.RootNamespace}/{StaticStrictName}";

    /// <summary>Denies everybody without an identity; exists as soon as any peer authentication does.</summary>
    public AuthorizationPolicy StaticStrict => new()
    {
        Name = StaticStrictName,
        Namespace = settings.RootNamespace,
        Scope = PolicyScope.WorkloadSelector,
        Action = PolicyAction.Deny,
        Rules = [new PolicyRule([new PolicyClause([WithoutIdentity])])],
    };

    private static PolicyMatch WithoutIdentity => new() { NotPrincipals = [new TextMatch(TextMatchKind.Presence, "")] };

    /// <summary>The policy that a peer authentication's port entries need, or null when they change nothing.</summary>
    public AuthorizationPolicy? Convert(PeerAuthenticationObject peer, bool parentIsStrict)
    {
        if (!CanSelect(peer) || IsMalformed(peer)) return null;
        var ports = ImmutableArray.CreateBuilder<ushort>();
        var strict = IsStrict(peer, parentIsStrict);
        foreach (var (text, mode) in peer.Spec.PortLevelMtls ?? ImmutableDictionary<string, MutualTlsMode>.Empty)
        {
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || IsUnset(mode.Mode)) continue;
            if (mode.Mode == Strict != strict) ports.Add(port);
        }
        if (ports.Count == 0) return null;
        ports.Sort();
        return new AuthorizationPolicy
        {
            Name = ConvertedPrefix + peer.Metadata.Name,
            Namespace = peer.Metadata.Namespace,
            Scope = PolicyScope.WorkloadSelector,
            Action = PolicyAction.Deny,
            Rules = strict ? [AllBut(ports)] : [.. ports.Select(Only)],
        };
    }

    /// <summary>Whether workloads of a namespace that nothing else speaks of must use mutual TLS.</summary>
    public bool IsStrict(string ns, IEnumerable<PeerAuthenticationObject> ofRoot, IEnumerable<PeerAuthenticationObject> ofNamespace)
    {
        var mesh = ModeOf(ofRoot);
        if (ns == settings.RootNamespace) return mesh == Strict;
        var own = ModeOf(ofNamespace);
        return (IsUnset(own) ? mesh : own) == Strict;
    }

    /// <summary>What ztunnel does not do although the object says so; null when it does all.</summary>
    public string? IgnoredIn(PeerAuthenticationObject peer) => HasSelector(peer) && peer.Metadata.Namespace == settings.RootNamespace
        ? "a selector in the root namespace"
        : !HasSelector(peer) && peer.Spec.PortLevelMtls is { Count: > 0 } ? "portLevelMtls without a selector" : null;

    /// <summary>The names a workload carries; at most one, for of two denials either would do.</summary>
    public string? KeyFor(StringMap labels, bool parentIsStrict, IEnumerable<PeerAuthenticationObject> ofNamespace)
    {
        var selecting = ofNamespace.Where(p => CanSelect(p) && Selects(p, labels)).ToList();
        if (selecting.Exists(IsMalformed)) return StaticStrictKey;
        var peer = Oldest(selecting);
        if (peer is null) return parentIsStrict ? StaticStrictKey : null;
        if (Convert(peer, parentIsStrict) is { } converted) return converted.Key;
        return IsStrict(peer, parentIsStrict) ? StaticStrictKey : null;
    }

    public static bool Selects(PeerAuthenticationObject peer, StringMap labels) => Selectors.Match(peer.Spec.Selector, labels);

    /// <summary>The mode of the oldest that speaks for all; STRICT as soon as one of them cannot be understood.</summary>
    private static string? ModeOf(IEnumerable<PeerAuthenticationObject> peers)
    {
        var general = peers.Where(p => !HasSelector(p)).ToList();
        return general.Exists(IsMalformed) ? Strict : Oldest(general)?.Spec.Mtls?.Mode;
    }

    private static bool IsMalformed(PeerAuthenticationObject peer) => peer.Spec.Problem is not null;

    private bool CanSelect(PeerAuthenticationObject peer) => HasSelector(peer) && peer.Metadata.Namespace != settings.RootNamespace;

    private static bool HasSelector(PeerAuthenticationObject peer) => peer.Spec.Selector is not null && peer.Spec.Selector.Wanted().Count > 0;

    private static bool IsStrict(PeerAuthenticationObject peer, bool parentIsStrict) =>
        IsUnset(peer.Spec.Mtls?.Mode) ? parentIsStrict : peer.Spec.Mtls!.Mode == Strict;

    private static bool IsUnset(string? mode) => mode is null or "" or "UNSET";

    private static PeerAuthenticationObject? Oldest(IEnumerable<PeerAuthenticationObject> peers) => peers
        .OrderBy(p => p.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue)
        .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private static PolicyRule AllBut(IEnumerable<ushort> exempt) => new(
        [new PolicyClause([WithoutIdentity]), .. exempt.Select(port => new PolicyClause([new PolicyMatch { NotDestinationPorts = [port] }]))]);

    private static PolicyRule Only(ushort port) => new([new PolicyClause([WithoutIdentity with { DestinationPorts = [port] }])]);
}
