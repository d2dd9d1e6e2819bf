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
/// <param name="TargetPort">The application's port at a peer without an address; zero when the authority does not name the peer itself.</param>
public sealed record TunnelHop(
    MeshWorkload Peer, IpPort Dial, string Authority, ImmutableArray<SpiffeId> Expected, string? Name = null, bool IsWaypoint = false, ushort TargetPort = 0)
{
    /// <summary>The same hop once its name is resolved. The peer knows itself by address, so that is what it is asked for.</summary>
    public TunnelHop At(Ip address) => this with
    {
        Dial = new IpPort(address, Dial.Port),
        Authority = TargetPort == 0 ? Authority : new IpPort(address, TargetPort).ToString(),
        Name = null,
    };
}
