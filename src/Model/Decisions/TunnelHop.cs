using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>One CONNECT: whom to dial, what to ask for, and who must answer.</summary>
/// <param name="Peer">The workload at the other end of the tunnel.</param>
/// <param name="Dial">Where it takes tunnels; the address is unspecified when <paramref name="Name"/> must be resolved first.</param>
/// <param name="Authority">The destination, as the peer is told.</param>
/// <param name="Expected">One of these identities must be proven.</param>
/// <param name="Name">Set for a peer that has no address.</param>
/// <param name="IsWaypoint">The peer only passes the traffic on.</param>
public sealed record TunnelHop(
    MeshWorkload Peer, IpPort Dial, string Authority, ImmutableArray<SpiffeId> Expected, string? Name = null, bool IsWaypoint = false);
