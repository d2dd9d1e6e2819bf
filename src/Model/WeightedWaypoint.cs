namespace Mesh.Model;

/// <summary>One choice of a weighted waypoint set; weight 0 is never chosen.</summary>
public sealed record WeightedWaypoint(GatewayAddress Destination, uint Weight);
