using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>How endpoints of a service are ranked (istio.workload.LoadBalancing).</summary>
public sealed record LoadBalancing(LoadBalancingMode Mode, ImmutableArray<LoadBalancingScope> RoutingPreference, HealthPolicy HealthPolicy);
