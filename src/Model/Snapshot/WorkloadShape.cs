using System.Collections.Immutable;
using Mesh.Identity;

namespace Mesh.Model.Snapshot;

/// <summary>Everything that the replicas of one deployment have in common; shared between them, so a workload costs little. Immutable.</summary>
public sealed class WorkloadShape : IEquatable<WorkloadShape>
{
    private readonly int _hash;

    internal WorkloadShape(Workload source, StringPool pool, string uidPrefix, bool isUidDerived)
    {
        UidPrefix = uidPrefix;
        IsUidDerived = isUidDerived;
        Namespace = pool.Share(source.Namespace);
        Network = pool.Share(source.Network);
        Hostname = pool.Share(source.Hostname);
        Protocol = source.Protocol;
        NetworkMode = source.NetworkMode;
        NativeTunnel = source.NativeTunnel;
        Waypoint = source.Waypoint;
        NetworkGateway = source.NetworkGateway;
        ApplicationTunnel = source.ApplicationTunnel;
        ClusterId = pool.Share(source.ClusterId);
        CanonicalName = pool.Share(source.CanonicalName);
        CanonicalRevision = pool.Share(source.CanonicalRevision);
        WorkloadName = pool.Share(source.WorkloadName);
        Kind = source.Kind;
        Status = source.Status;
        Locality = source.Locality;
        Capacity = source.Capacity;
        AuthorizationPolicies = source.AuthorizationPolicies.IsDefault ? [] : source.AuthorizationPolicies;
        Services = source.Services.IsDefault ? [] : source.Services;
        Identity = new SpiffeId(pool.Share(source.TrustDomain), Namespace, pool.Share(source.ServiceAccount));
        _hash = HashCode.Combine(
            Namespace, Identity.ServiceAccount, WorkloadName, Services.Length, Locality, UidPrefix, HashCode.Combine(Status, Protocol, Hostname));
    }

    public SpiffeId Identity { get; }

    public string Namespace { get; }

    public string Network { get; }

    public string Hostname { get; }

    public TunnelProtocol Protocol { get; }

    public NetworkMode NetworkMode { get; }

    public bool NativeTunnel { get; }

    public GatewayAddress? Waypoint { get; }

    public GatewayAddress? NetworkGateway { get; }

    public ApplicationTunnel? ApplicationTunnel { get; }

    public string ClusterId { get; }

    public string CanonicalName { get; }

    public string CanonicalRevision { get; }

    public string WorkloadName { get; }

    public WorkloadKind Kind { get; }

    public HealthStatus Status { get; }

    public Locality Locality { get; }

    public uint Capacity { get; }

    public ImmutableArray<string> AuthorizationPolicies { get; }

    public ImmutableArray<WorkloadService> Services { get; }

    /// <summary>What stands before <c>namespace/name</c> in the uid; the whole uid of a workload whose uid is not of that form.</summary>
    internal string UidPrefix { get; }

    /// <summary>The uid is the prefix, namespace, a slash and the name.</summary>
    internal bool IsUidDerived { get; }

    public bool Equals(WorkloadShape? other) =>
        other is not null && (ReferenceEquals(this, other) || (_hash == other._hash && SameNames(other) && SameConduct(other) && SameParts(other)));

    public override bool Equals(object? obj) => Equals(obj as WorkloadShape);

    public override int GetHashCode() => _hash;

    private bool SameNames(WorkloadShape other) =>
        UidPrefix == other.UidPrefix && IsUidDerived == other.IsUidDerived && Identity == other.Identity && Network == other.Network
            && Hostname == other.Hostname
        && ClusterId == other.ClusterId && CanonicalName == other.CanonicalName && CanonicalRevision == other.CanonicalRevision
        && WorkloadName == other.WorkloadName && Kind == other.Kind && Locality == other.Locality;

    private bool SameConduct(WorkloadShape other) =>
        Protocol == other.Protocol && NetworkMode == other.NetworkMode && NativeTunnel == other.NativeTunnel && Waypoint == other.Waypoint
        && NetworkGateway == other.NetworkGateway && ApplicationTunnel == other.ApplicationTunnel && Status == other.Status
        && Capacity == other.Capacity;

    private bool SameParts(WorkloadShape other)
    {
        if (!AuthorizationPolicies.AsSpan().SequenceEqual(other.AuthorizationPolicies.AsSpan())) return false;
        if (Services.Length != other.Services.Length) return false;
        for (var i = 0; i < Services.Length; i++)
        {
            if (Services[i].Service != other.Services[i].Service) return false;
            if (!Services[i].Ports.AsSpan().SequenceEqual(other.Services[i].Ports.AsSpan())) return false;
        }

        return true;
    }
}
