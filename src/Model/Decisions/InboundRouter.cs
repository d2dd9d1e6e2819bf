using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>The inbound decision: is this CONNECT meant for this workload, and which of its ports. Pure.</summary>
public static class InboundRouter
{
    public static InboundRoute Decide(MeshSnapshot mesh, in InboundQuery query)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        if (Authority.TryParse(query.Authority) is not { } authority) return Refuse(InboundRefusal.BadAuthority);
        var local = query.Local;
        if (authority.Address is { } asked && !MayAskFor(mesh, query, asked)) return Refuse(InboundRefusal.WrongDestination);

        MeshService? service;
        ushort port;
        if (authority.Address is { } address)
        {
            port = address.Port;
            service = Label(mesh, local, port, query.ForwardedHost);
        }
        else
        {
            service = mesh.FindServiceByHostname(authority.Hostname, local.Namespace);
            if (service is null) return Refuse(InboundRefusal.UnknownService);
            port = EndpointPort.Resolve(local, service, authority.Port, EndpointMode.Standard);
            if (port == 0) return Refuse(InboundRefusal.UnknownPort);
        }

        var tunnel = local.Shape.ApplicationTunnel;
        if (MeshPorts.IsOwn(port, query.SocksEnabled)) return Refuse(InboundRefusal.SelfCall);
        if (tunnel is { Port: > 0 }) port = tunnel.Port;
        IpPort? announced = null;
        if (tunnel is { Protocol: ApplicationTunnelProtocol.Proxy })
        {
            announced = authority.Address ?? (VirtualAddressOf(service!, local.Network) is { } vip ? new IpPort(vip, authority.Port) : null);
            if (announced is null) return Refuse(InboundRefusal.NothingToAnnounce); // Our own address would lead the application astray.
        }

        return new InboundRoute.Forward(new IpPort(query.LocalAddress, port), service, announced);
    }

    /// <summary>Which service the client meant, of those this workload backs; only a label.</summary>
    public static MeshService? Label(MeshSnapshot mesh, MeshWorkload local, ushort port, string? forwardedHost)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(local);
        MeshService? first = null;
        foreach (var part in local.Shape.Services)
        {
            if (mesh.FindService(part.Service) is not { } service) continue;
            if (forwardedHost is not null && part.Service.Hostname == forwardedHost) return service;
            if (first is null && ServesAt(local, service, part, port)) first = service;
        }

        return first;
    }

    internal static bool ServesAt(MeshWorkload local, MeshService service, WorkloadService part, ushort port)
    {
        foreach (var own in part.Ports)
        {
            if (own.TargetPort == port) return true;
        }

        foreach (var offered in service.Service!.Ports)
        {
            if (EndpointPort.Resolve(local, service, offered.Port, EndpointMode.Standard) == port) return true;
        }

        return false;
    }

    /// <summary>An address must be the one dialled, unless an application tunnel or a waypoint role lets this workload take others' traffic.</summary>
    private static bool MayAskFor(MeshSnapshot mesh, in InboundQuery query, IpPort asked)
    {
        if (asked.Address == query.LocalAddress || query.Local.Shape.ApplicationTunnel is not null) return true;
        if (mesh.FindService(query.Local.Network, asked.Address, query.Local.Namespace) is { Service: { } service }
            && (IsWaypoint(mesh, query.Local, service.Waypoint) || IsAnyWaypoint(mesh, query.Local, service)))
        {
            return true;
        }

        return mesh.FindWorkload(query.Local.Network, asked.Address) is { } workload && IsWaypoint(mesh, query.Local, workload.Shape.Waypoint);
    }

    private static bool IsAnyWaypoint(MeshSnapshot mesh, MeshWorkload local, Service service)
    {
        foreach (var choice in service.WeightedWaypoints)
        {
            if (IsWaypoint(mesh, local, choice.Destination)) return true;
        }

        return false;
    }

    private static bool IsWaypoint(MeshSnapshot mesh, MeshWorkload local, GatewayAddress? reference)
    {
        if (reference?.Hostname is { } hostname)
        {
            if (mesh.FindService(hostname) is { } named) return named.Workloads.Contains(local) || local.FindService(named.Key) is not null;
            return ReferenceEquals(mesh.FindWorkloadByHostname(hostname), local);
        }

        if (reference?.Address is not { } address) return false;
        var ip = Ip.From(address.Address);
        if (address.Network == local.Network && local.HasAddress(ip)) return true;
        return mesh.FindService(address.Network, ip, local.Namespace) is { } service && local.FindService(service.Key) is not null;
    }

    /// <summary>Rather of our own network, rather IPv4.</summary>
    private static Ip? VirtualAddressOf(MeshService service, string network)
    {
        (Ip Address, int Rank)? best = null;
        foreach (var address in service.Service!.Addresses)
        {
            if (address.PrefixLength is not null) continue;
            var ip = Ip.From(address.Address);
            var rank = (address.Network == network ? 2 : 0) + (ip.IsV4 ? 1 : 0);
            if (best is null || rank > best.Value.Rank) best = (ip, rank);
        }

        return best?.Address;
    }

    private static InboundRoute.Refused Refuse(InboundRefusal why) => new(why);
}
