using System.Collections.Immutable;
using System.Net;
using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes.Objects;
using Mesh.Model;
using KubeService = Mesh.Kubernetes.Objects.Service;
using Service = Mesh.Model.Service;
using ServicePort = Mesh.Model.ServicePort;

namespace Mesh.ControlPlane.Translate;

/// <summary>Kubernetes services and service entries to services. Pure.</summary>
internal sealed class ServiceTranslator(MeshSettings settings)
{
    public string HostnameOf(KubeService service) => $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{settings.DnsSuffix}";

    /// <summary>ExternalName is DNS alone: ztunnel sees its target.</summary>
    public static bool IsMeshed(KubeService service) => service.Spec.Type != "ExternalName";

    public Service From(KubeService service, string network, WaypointChoice waypoint, Namespace? ns) => new()
    {
        Name = service.Metadata.Name,
        Namespace = service.Metadata.Namespace,
        Hostname = HostnameOf(service),
        Addresses = Addresses(service, network),
        Ports = Ports(service),
        Waypoint = waypoint.Primary,
        WeightedWaypoints = waypoint.Weighted,
        IngressUseWaypoint = waypoint.Ingress,
        LoadBalancing = Balancing(service, ns),
        IpFamilies = Families(service.Spec),
        Canonical = true,
    };

    /// <summary>One service per host.</summary>
    public static Service From(ServiceEntryObject entry, string host, string network, WaypointChoice waypoint, Namespace? ns, bool canonical) => new()
    {
        Name = entry.Metadata.Name,
        Namespace = entry.Metadata.Namespace,
        Hostname = host,
        Addresses = Addresses(entry, host, network),
        Ports = Ports(entry.Spec),
        SubjectAltNames = [.. entry.Spec.SubjectAltNames ?? []],
        Waypoint = waypoint.Primary,
        WeightedWaypoints = waypoint.Weighted,
        IngressUseWaypoint = waypoint.Ingress,
        LoadBalancing = IsPassthrough(entry.Spec)
            ? new LoadBalancing(LoadBalancingMode.Passthrough, [], HealthPolicy.AllowAll)
            : Distribution(entry.Metadata.Annotations, ns),
        Canonical = canonical,
    };

    public static bool IsPassthrough(ServiceEntrySpec spec) => spec.Resolution is null or "" or "NONE";

    /// <summary>Resolved by name, and nobody says by which endpoints: each host is its own endpoint.</summary>
    public static bool HasImplicitEndpoints(ServiceEntrySpec spec) =>
        (spec.Endpoints is null or { Count: 0 }) && spec.WorkloadSelector is null
        && (spec.Resolution is "DNS" or "DNS_ROUND_ROBIN" or "DYNAMIC_DNS");

    private static ImmutableArray<VirtualAddress> Addresses(KubeService service, string network)
    {
        var spec = service.Spec;
        var texts = spec.ClusterIps.Count > 0 ? spec.ClusterIps : spec.ClusterIp is { } only ? [only] : [];
        var addresses = ImmutableArray.CreateBuilder<VirtualAddress>();
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var ip)) addresses.Add(new VirtualAddress(network, ip)); // "None" does not parse.
        }
        return addresses.ToImmutable();
    }

    private static ImmutableArray<VirtualAddress> Addresses(ServiceEntryObject entry, string host, string network)
    {
        var addresses = ImmutableArray.CreateBuilder<VirtualAddress>();
        if (entry.Spec.Addresses is { Count: > 0 } said)
        {
            foreach (var text in said)
            {
                if (Cidr.TryParse(text, out var ip, out var prefix)) addresses.Add(new VirtualAddress(network, ip, prefix));
            }
            return addresses.ToImmutable();
        }
        if (IsPassthrough(entry.Spec) || (host.StartsWith("*.", StringComparison.Ordinal) && entry.Spec.Resolution != "DYNAMIC_DNS"))
            return [];
        foreach (var allocated in entry.Status.Addresses ?? [])
        {
            if (allocated.Host == host && IPAddress.TryParse(allocated.Value, out var ip)) addresses.Add(new VirtualAddress(network, ip));
        }
        return addresses.ToImmutable();
    }

    private static ImmutableArray<ServicePort> Ports(KubeService service)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in service.Spec.Ports)
        {
            if (port.Port is <= 0 or > ushort.MaxValue) continue;
            var target = port.TargetPort is not { } said ? port.Port : said.Name is not null ? 0 : said.Number > 0 ? said.Number : port.Port;
            if (target > ushort.MaxValue) continue;
            ports.Add(new ServicePort((ushort)port.Port, (ushort)target, AppProtocols.Of(port.Protocol, port.AppProtocol, port.Name, port.Port)));
        }
        return ports.ToImmutable();
    }

    private static ImmutableArray<ServicePort> Ports(ServiceEntrySpec spec)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in spec.Ports ?? [])
        {
            var target = port.TargetPort > 0 ? port.TargetPort : port.Number;
            if (port.Number is <= 0 or > ushort.MaxValue || target > ushort.MaxValue) continue;
            ports.Add(new ServicePort((ushort)port.Number, (ushort)target, AppProtocols.OfServiceEntry(port.Protocol)));
        }
        return ports.ToImmutable();
    }

    private static IpFamilies Families(ServiceSpec spec) => spec.IpFamilies.Count switch
    {
        0 => IpFamilies.Automatic,
        1 => spec.IpFamilies[0] == "IPv6" ? IpFamilies.V6Only : IpFamilies.V4Only,
        _ => IpFamilies.Dual,
    };

    private static LoadBalancing? Balancing(KubeService service, Namespace? ns)
    {
        // Local means this node or nobody: no preference may widen it.
        if (service.Spec.InternalTrafficPolicy == "Local")
            return new LoadBalancing(LoadBalancingMode.Strict, [LoadBalancingScope.Node], HealthPolicy.OnlyHealthy);
        var balancing = service.Spec.TrafficDistribution is { Length: > 0 } said ? Distribution(said) : Distribution(service.Metadata.Annotations, ns);
        if (!service.Spec.PublishNotReadyAddresses) return balancing;
        return (balancing ?? new LoadBalancing(LoadBalancingMode.Unspecified, [], HealthPolicy.AllowAll)) with { HealthPolicy = HealthPolicy.AllowAll };
    }

    private static LoadBalancing? Distribution(StringMap annotations, Namespace? ns) =>
        Distribution(annotations.Find(Names.TrafficDistribution) ?? ns?.Metadata.Annotations.Find(Names.TrafficDistribution) ?? "");

    private static LoadBalancing? Distribution(string word) => word.ToUpperInvariant() switch
    {
        "PREFERCLOSE" or "PREFERSAMEZONE" => new LoadBalancing(
            LoadBalancingMode.Failover,
            [LoadBalancingScope.Network, LoadBalancingScope.Region, LoadBalancingScope.Zone],
            HealthPolicy.OnlyHealthy),
        "PREFERSAMENODE" => new LoadBalancing(
            LoadBalancingMode.Failover,
            [LoadBalancingScope.Network, LoadBalancingScope.Region, LoadBalancingScope.Zone, LoadBalancingScope.Subzone, LoadBalancingScope.Node],
            HealthPolicy.OnlyHealthy),
        _ => null,
    };
}
