using System.Collections.Immutable;
using System.Net;

namespace Mesh.Model;

/// <summary>
/// One addressable instance, as the control plane tells it (istio.workload.Workload). Immutable; lists keep the wire's order.
/// Record equality compares the arrays by reference: compare wire versions when content matters.
/// </summary>
public sealed record Workload
{
    /// <summary>Key of the workload, unique over all clusters, such as <c>Kubernetes//Pod/shop/cart-0</c>.</summary>
    public required string Uid { get; init; }
    public required string Name { get; init; }
    public required string Namespace { get; init; }
    public string TrustDomain { get; init; } = "cluster.local";
    public string ServiceAccount { get; init; } = "default";
    public string Network { get; init; } = "";
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];
    /// <summary>Set when the workload is found by name; empty otherwise.</summary>
    public string Hostname { get; init; } = "";
    public TunnelProtocol Protocol { get; init; }
    public NetworkMode NetworkMode { get; init; }
    /// <summary>The workload terminates HBONE itself.</summary>
    public bool NativeTunnel { get; init; }
    public GatewayAddress? Waypoint { get; init; }
    public GatewayAddress? NetworkGateway { get; init; }
    public ApplicationTunnel? ApplicationTunnel { get; init; }
    public string Node { get; init; } = "";
    public string ClusterId { get; init; } = "Kubernetes";
    public string CanonicalName { get; init; } = "";
    public string CanonicalRevision { get; init; } = "";
    public string WorkloadName { get; init; } = "";
    public WorkloadKind Kind { get; init; }
    public HealthStatus Status { get; init; }
    public Locality Locality { get; init; } = Locality.Unknown;
    /// <summary>Relative share of traffic; 1 when the wire says nothing, 0 takes none.</summary>
    public uint Capacity { get; init; } = 1;
    /// <summary>Names (<c>namespace/name</c>) of the selector policies that apply.</summary>
    public ImmutableArray<string> AuthorizationPolicies { get; init; } = [];
    /// <summary>The services this workload backs, each with this workload's own ports.</summary>
    public ImmutableArray<WorkloadService> Services { get; init; } = [];

    /// <summary>The identity this workload must prove.</summary>
    public Identity.SpiffeId Identity => new(TrustDomain, Namespace, ServiceAccount);
}
