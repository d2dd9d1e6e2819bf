using System.Collections.Immutable;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>The outbound decision: a connection and a snapshot in, a route out. One decision, used once.</summary>
public ref struct OutboundRouter(MeshSnapshot mesh, in OutboundQuery query, Chance chance, IEndpointLoad? load, ReadOnlySpan<MeshWorkload> tried = default)
{
    private readonly OutboundQuery _query = query;
    private readonly ReadOnlySpan<MeshWorkload> _tried = tried;
    private Chance _chance = chance;

    private readonly MeshWorkload Source => _query.Source;

    private readonly IpPort Destination => _query.Destination;

    /// <summary>Decides; <paramref name="tried"/> names endpoints whose dial already failed for this connection.</summary>
    public static OutboundRoute Decide(
        MeshSnapshot mesh, in OutboundQuery query, Chance chance, IEndpointLoad? load = null, ReadOnlySpan<MeshWorkload> tried = default) =>
        new OutboundRouter(mesh, query, chance, load, tried).Decide();

    /// <summary>Whether a connection would come back to the proxy that carries it.</summary>
    public static bool IsSelfCall(IpPort destination, bool socksEnabled) =>
        destination.Address.IsLoopback && MeshPorts.IsOwn(destination.Port, socksEnabled);

    private OutboundRoute Decide()
    {
        if (IsSelfCall(Destination, _query.SocksEnabled)) return Refuse(RefusalReason.SelfCall);
        if (mesh.FindService(Source.Network, Destination.Address, Source.Namespace) is { } service) return ToService(service);
        if (mesh.FindWorkload(Source.Network, Destination.Address) is { } workload) return ToWorkload(workload);
        return new OutboundRoute.Direct(Destination);
    }

    private OutboundRoute ToService(MeshService service)
    {
        if (WaypointOf(service.Service!) is { } waypoint) return ThroughWaypoint(waypoint, service);
        if (service.Service!.LoadBalancing?.Mode == LoadBalancingMode.Passthrough) return new OutboundRoute.Direct(Destination) { Service = service };
        var ranked = service.RankFor(new EndpointQuery(Source, Destination.Port, EndpointMode.Standard));
        if (ranked.Choose(ref _chance, load, _tried) is not { } candidate) return Refuse(RefusalReason.NoHealthyUpstream, service);
        var route = candidate.Workload.Network != Source.Network ? AcrossNetworks(candidate.Workload, service) : ToEndpoint(candidate, service);
        return route with { Choices = ranked.Candidates.Length };
    }

    private OutboundRoute ToWorkload(MeshWorkload workload)
    {
        if (workload.Shape.Waypoint is { } waypoint && !IsSourceTheWaypoint(waypoint)) return ThroughWaypoint(waypoint, service: null);
        return workload.AcceptsHbone
            ? new OutboundRoute.Tunnel(new TunnelHop(workload, HboneAt(Destination.Address), Destination.ToString(), [workload.Identity]))
            : new OutboundRoute.Direct(Destination, workload);
    }

    private readonly OutboundRoute ToEndpoint(EndpointCandidate candidate, MeshService service)
    {
        var workload = candidate.Workload;
        var ip = EndpointAddress.Choose(workload, Destination.Address, service.Service!.IpFamilies);
        var name = ip is null && workload.Shape.Hostname.Length > 0 ? workload.Shape.Hostname : null;
        if (ip is null && name is null) return Refuse(RefusalReason.NoHealthyUpstream, service);
        var target = new IpPort(ip ?? default, candidate.TargetPort);
        if (!workload.AcceptsHbone) return new OutboundRoute.Direct(target, workload, name) { Service = service };
        var authority = name is null ? target.ToString() : $"{name}:{candidate.TargetPort}";
        var ownPort = name is null ? (ushort)0 : candidate.TargetPort;
        var hop = new TunnelHop(workload, HboneAt(target.Address), authority, candidate.Expected, name, TargetPort: ownPort);
        return new OutboundRoute.Tunnel(hop) { Service = service };
    }

    private OutboundRoute ThroughWaypoint(GatewayAddress waypoint, MeshService? service)
    {
        if (FindGateway(waypoint) is not { } gateway) return Refuse(RefusalReason.UnknownWaypoint, service);
        if (gateway.Workload.Network != Source.Network) return AcrossNetworks(gateway.Workload, service);
        var families = gateway.Service?.Service?.IpFamilies ?? IpFamilies.Automatic;
        var ip = EndpointAddress.Choose(gateway.Workload, gateway.Prefer ?? Destination.Address, families);
        var name = ip is null && gateway.Workload.Shape.Hostname.Length > 0 ? gateway.Workload.Shape.Hostname : null;
        if (ip is null && name is null) return Refuse(RefusalReason.UnknownWaypoint, service);
        var dial = new IpPort(ip ?? default, gateway.Port);
        return new OutboundRoute.Tunnel(new TunnelHop(gateway.Workload, dial, Destination.ToString(), gateway.Expected, name, IsWaypoint: true))
        {
            Service = service,
            Choices = gateway.Choices,
        };
    }

    private OutboundRoute AcrossNetworks(MeshWorkload target, MeshService? service)
    {
        if (target.Shape.NetworkGateway is not { } reference) return Refuse(RefusalReason.UnknownNetworkGateway, service);
        if (service is null) return Refuse(RefusalReason.NoServiceAcrossNetworks);
        if (service.AlternativeIdentities.IsEmpty) return Refuse(RefusalReason.NoIdentityAcrossNetworks, service);
        if (FindGateway(reference) is not { } gateway) return Refuse(RefusalReason.UnknownNetworkGateway, service);
        var families = gateway.Service?.Service?.IpFamilies ?? IpFamilies.Automatic;
        var ip = EndpointAddress.Choose(gateway.Workload, gateway.Prefer ?? Destination.Address, families);
        var name = ip is null && gateway.Workload.Shape.Hostname.Length > 0 ? gateway.Workload.Shape.Hostname : null;
        if (ip is null && name is null) return Refuse(RefusalReason.UnknownNetworkGateway, service);
        var authority = $"{service.Key.Hostname}:{Destination.Port}";
        var outer = new TunnelHop(gateway.Workload, new IpPort(ip ?? default, gateway.Port), authority, gateway.Expected, name);
        return new OutboundRoute.DoubleTunnel(outer, target, service.AlternativeIdentities) { Service = service };
    }

    /// <summary>A weighted set wins if any of it has weight; else the plain waypoint.</summary>
    private GatewayAddress? WaypointOf(Service service)
    {
        if (service.WeightedWaypoints.IsDefaultOrEmpty) return service.Waypoint;
        var sum = 0UL;
        foreach (var choice in service.WeightedWaypoints) sum += choice.Weight;
        if (sum == 0) return service.Waypoint;
        var drawn = _chance.Below(sum);
        foreach (var choice in service.WeightedWaypoints)
        {
            if (drawn < choice.Weight) return choice.Destination;
            drawn -= choice.Weight;
        }

        return service.Waypoint;
    }

    /// <summary>By name: service before workload. By address: workload before service.</summary>
    private Gateway? FindGateway(GatewayAddress reference)
    {
        if (reference.Hostname is { } hostname)
        {
            return FromService(mesh.FindService(hostname), reference) ?? FromWorkload(mesh.FindWorkloadByHostname(hostname), reference, prefer: null);
        }

        if (reference.Address is not { } address) return null;
        var ip = Ip.From(address.Address);
        return FromWorkload(mesh.FindWorkload(address.Network, ip), reference, ip)
            ?? FromService(mesh.FindService(address.Network, ip, Source.Namespace), reference);
    }

    private Gateway? FromService(MeshService? service, GatewayAddress reference)
    {
        if (service?.Service is null) return null;
        var wanted = new EndpointQuery(Source, reference.HboneMtlsPort, EndpointMode.Waypoint);
        var ranked = service.RankFor(wanted);
        return ranked.Choose(ref _chance, load, _tried) is { } chosen
            ? new Gateway(chosen.Workload, chosen.TargetPort, chosen.Expected, service, null, ranked.Candidates.Length)
            : null;
    }

    private static Gateway? FromWorkload(MeshWorkload? workload, GatewayAddress reference, Ip? prefer) =>
        workload is null ? null : new Gateway(workload, reference.HboneMtlsPort, [workload.Identity], null, prefer);

    /// <summary>A waypoint that dials a workload it stands for is not sent to itself: same identity, and an address of the waypoint.</summary>
    private readonly bool IsSourceTheWaypoint(GatewayAddress reference)
    {
        if (reference.Hostname is { } hostname)
        {
            if (mesh.FindService(hostname) is { } named) return IsSourceAmong(named);
            return mesh.FindWorkloadByHostname(hostname) is { } waypoint && IsSource(waypoint);
        }

        if (reference.Address is not { } address) return false;
        var ip = Ip.From(address.Address);
        if (mesh.FindWorkload(address.Network, ip) is { } workload) return IsSource(workload);
        return mesh.FindService(address.Network, ip, Source.Namespace) is { } service && IsSourceAmong(service);
    }

    private readonly bool IsSourceAmong(MeshService waypoint)
    {
        foreach (var workload in waypoint.Workloads)
        {
            if (IsSource(workload)) return true;
        }

        return false;
    }

    private readonly bool IsSource(MeshWorkload waypoint) =>
        waypoint.Identity == Source.Identity && waypoint.HasAddress(_query.SourceAddress);

    private static IpPort HboneAt(Ip ip) => new(ip, MeshPorts.InboundHbone);

    private static OutboundRoute.Refused Refuse(RefusalReason why, MeshService? service = null) => new(why) { Service = service };

    /// <summary>A waypoint or network gateway that was found.</summary>
    private sealed record Gateway(
        MeshWorkload Workload, ushort Port, ImmutableArray<Identity.SpiffeId> Expected, MeshService? Service, Ip? Prefer, int Choices = 1);
}
