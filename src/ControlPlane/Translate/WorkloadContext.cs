using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>What the rest of the cluster says about one workload. Immutable.</summary>
internal sealed record WorkloadContext
{
    public string Network { get; init; } = "";
    public Locality Locality { get; init; } = Locality.Unknown;
    public ImmutableArray<WorkloadService> Services { get; init; } = [];
    public ImmutableArray<string> Policies { get; init; } = [];
    public GatewayAddress? Waypoint { get; init; }
    public ApplicationTunnel? ApplicationTunnel { get; init; }
}
