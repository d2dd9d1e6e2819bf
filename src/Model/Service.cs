using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>A named set of workloads with stable addresses (istio.workload.Service). Immutable.</summary>
public sealed record Service
{
    public required string Name { get; init; }
    public required string Namespace { get; init; }
    public required string Hostname { get; init; }
    /// <summary>Empty for a headless service.</summary>
    public ImmutableArray<VirtualAddress> Addresses { get; init; } = [];
    public ImmutableArray<ServicePort> Ports { get; init; } = [];
    /// <summary>SPIFFE ids, as text, that also prove this service.</summary>
    public ImmutableArray<string> SubjectAltNames { get; init; } = [];
    public GatewayAddress? Waypoint { get; init; }
    public ImmutableArray<WeightedWaypoint> WeightedWaypoints { get; init; } = [];
    public bool IngressUseWaypoint { get; init; }
    public LoadBalancing? LoadBalancing { get; init; }
    public IpFamilies IpFamilies { get; init; }
    /// <summary>Wins over other services of the same host name in other namespaces.</summary>
    public bool Canonical { get; init; }
    public ServiceVisibility Visibility { get; init; }

    public NamespacedHostname Key => new(Namespace, Hostname);
}
