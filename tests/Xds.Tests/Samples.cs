using System.Net;
using Mesh.Model;

namespace Mesh.Xds.Tests;

/// <summary>Values with every field set, so that a forgotten one shows.</summary>
internal static class Samples
{
    public static GatewayAddress NamedGateway { get; } = new(new NamespacedHostname("edge", "gw.edge.svc"), null, 15008);
    public static GatewayAddress AddressGateway { get; } = new(null, new NetworkAddress("net1", IPAddress.Parse("10.1.1.1")), 15008);

    public static Workload Workload { get; } = new()
    {
        Uid = "east//Pod/shop/cart-0",
        Name = "cart-0",
        Namespace = "shop",
        TrustDomain = "example.org",
        ServiceAccount = "cart",
        Network = "net1",
        Addresses = [IPAddress.Parse("10.0.0.7"), IPAddress.Parse("fd00::7")],
        Hostname = "cart.example.org",
        Protocol = TunnelProtocol.Hbone,
        NetworkMode = NetworkMode.HostNetwork,
        NativeTunnel = true,
        Waypoint = AddressGateway,
        NetworkGateway = NamedGateway,
        ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088),
        Node = "node-a",
        ClusterId = "east",
        CanonicalName = "cart",
        CanonicalRevision = "v2",
        WorkloadName = "cart-deployment",
        Kind = WorkloadKind.Pod,
        Status = HealthStatus.Unhealthy,
        Locality = new Locality("r", "z", "s"),
        Capacity = 300,
        AuthorizationPolicies = ["shop/allow", "mesh/deny"],
        Services =
        [
            new WorkloadService(new NamespacedHostname("shop", "cart.shop.svc.cluster.local"),
                [new ServicePort(80, 8080, AppProtocol.Http2), new ServicePort(443, 8443, AppProtocol.Tls)]),
            new WorkloadService(new NamespacedHostname("shop", "all.example.org"), []),
        ],
    };

    public static Service Service { get; } = new()
    {
        Name = "cart",
        Namespace = "shop",
        Hostname = "cart.shop.svc.cluster.local",
        Addresses = [new VirtualAddress("net1", IPAddress.Parse("10.96.0.9")), new VirtualAddress("", IPAddress.Parse("2001:db8::"), 64)],
        Ports = [new ServicePort(80, 0, AppProtocol.Grpc), new ServicePort(65535, 1)],
        SubjectAltNames = ["spiffe://example.org/ns/shop/sa/cart"],
        Waypoint = NamedGateway,
        WeightedWaypoints = [new WeightedWaypoint(NamedGateway, 90), new WeightedWaypoint(AddressGateway, 10)],
        IngressUseWaypoint = true,
        LoadBalancing = new LoadBalancing(
            LoadBalancingMode.Failover, [LoadBalancingScope.Network, LoadBalancingScope.Region, LoadBalancingScope.Zone], HealthPolicy.AllowAll),
        IpFamilies = IpFamilies.Dual,
        Canonical = true,
        Visibility = ServiceVisibility.Namespace,
    };

    public static AuthorizationPolicy Policy { get; } = new()
    {
        Name = "only-web",
        Namespace = "shop",
        Scope = PolicyScope.WorkloadSelector,
        Action = PolicyAction.Deny,
        DryRun = true,
        Rules =
        [
            new PolicyRule([new PolicyClause([FullMatch, new PolicyMatch()]), new PolicyClause([])]),
            new PolicyRule([]),
        ],
    };

    private static PolicyMatch FullMatch => new()
    {
        Namespaces = [new TextMatch(TextMatchKind.Exact, "shop")],
        NotNamespaces = [new TextMatch(TextMatchKind.Prefix, "kube-")],
        Principals = [new TextMatch(TextMatchKind.Suffix, "/sa/web"), new TextMatch(TextMatchKind.Presence, "")],
        NotPrincipals = [new TextMatch(TextMatchKind.Exact, "")],
        SourceIps = [new AddressRange(IPAddress.Parse("10.0.0.0"), 8)],
        NotSourceIps = [new AddressRange(IPAddress.Parse("fd00::"), 128)],
        DestinationIps = [new AddressRange(IPAddress.Any, 0)],
        NotDestinationIps = [new AddressRange(IPAddress.Parse("1.2.3.4"), 32)],
        DestinationPorts = [80, 0, 65535],
        NotDestinationPorts = [1, 300],
        ServiceAccounts = [new ServiceAccountMatch("shop", "web")],
        NotServiceAccounts = [new ServiceAccountMatch("", "x")],
    };
}
