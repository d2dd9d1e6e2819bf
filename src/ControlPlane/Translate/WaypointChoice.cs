using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>The waypoints of one service or workload, and why a wanted one is missing (empty when none is wanted or it is there).</summary>
internal sealed record WaypointChoice(GatewayAddress? Primary, ImmutableArray<WeightedWaypoint> Weighted, bool Ingress, string Problem)
{
    public static WaypointChoice None { get; } = new(null, [], false, "");
}
