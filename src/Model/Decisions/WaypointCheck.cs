using Mesh.Identity;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>
/// Whether traffic to a workload with a waypoint came from the waypoint, as its proven identity tells. Asks for the waypoint of the workload
/// and for those of the services it backs at that port; the identity of any of them will do. Pure.
/// </summary>
public static class WaypointCheck
{
    /// <param name="mesh">The snapshot of the moment.</param>
    /// <param name="local">The workload that takes the traffic.</param>
    /// <param name="port">Its final port.</param>
    /// <param name="peer">Who was proven to be there; null for plaintext.</param>
    /// <returns>Null when it may pass; else what stands against it, in the operator's words.</returns>
    public static string? FindObjection(MeshSnapshot mesh, MeshWorkload local, ushort port, SpiffeId? peer)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(local);
        GatewayAddress? wanted = null;
        if (local.Shape.Waypoint is { } own)
        {
            if (IsIdentityOf(mesh, local, own, peer)) return null;
            wanted = own;
        }

        foreach (var part in local.Shape.Services)
        {
            if (mesh.FindService(part.Service) is not { Service: { } service } found || !InboundRouter.ServesAt(local, found, part, port)) continue;
            if (service.Waypoint is { } waypoint)
            {
                if (IsIdentityOf(mesh, local, waypoint, peer)) return null;
                wanted ??= waypoint;
            }

            foreach (var choice in service.WeightedWaypoints)
            {
                if (IsIdentityOf(mesh, local, choice.Destination, peer)) return null;
                wanted ??= choice.Destination;
            }
        }

        if (wanted is null) return null;
        var name = wanted.Hostname?.ToString() ?? wanted.Address?.ToString() ?? "unknown";
        return $"traffic to {local.Namespace}/{local.Name} must come through its waypoint {name}, and the client is {peer?.ToString() ?? "nobody proven"}";
    }

    private static bool IsIdentityOf(MeshSnapshot mesh, MeshWorkload local, GatewayAddress waypoint, SpiffeId? peer)
    {
        if (peer is null) return false;
        if (waypoint.Hostname is { } hostname)
        {
            return mesh.FindService(hostname) is { } service ? IsOneOf(service, peer) : mesh.FindWorkloadByHostname(hostname)?.Identity == peer;
        }

        if (waypoint.Address is not { } address) return false;
        var ip = Ip.From(address.Address);
        if (mesh.FindWorkload(address.Network, ip) is { } workload) return workload.Identity == peer;
        return mesh.FindService(address.Network, ip, local.Namespace) is { } named && IsOneOf(named, peer);
    }

    private static bool IsOneOf(MeshService waypoints, SpiffeId peer)
    {
        foreach (var workload in waypoints.Workloads)
        {
            if (workload.Identity == peer) return true;
        }

        return waypoints.AlternativeIdentities.Contains(peer);
    }
}
