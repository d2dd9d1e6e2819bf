using System.Net;
using Mesh.Model;

namespace Mesh.Fuzz.Targets;

/// <summary>Workloads, services and policies with a bit of everything.</summary>
internal static class MeshSamples
{
    public static Workload Workload(Random random) => new()
    {
        Uid = "Kubernetes//Pod/shop/cart-0",
        Name = "cart-0",
        Namespace = Texts.Word(random),
        ServiceAccount = Texts.Word(random),
        Addresses = [Address(random), Address(random)],
        Hostname = random.Next(3) == 0 ? "cart.shop" : "",
        Protocol = (TunnelProtocol)random.Next(2),
        Node = Texts.Word(random),
        CanonicalName = Texts.Word(random),
        Capacity = (uint)random.Next(3),
        AuthorizationPolicies = [Texts.Word(random)],
        Status = (HealthStatus)random.Next(2),
        NetworkMode = (NetworkMode)random.Next(2),
        Waypoint = random.Next(3) == 0 ? Gateway(random) : null,
        NetworkGateway = random.Next(3) == 0 ? Gateway(random) : null,
        ApplicationTunnel = random.Next(3) == 0 ? new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088) : null,
        Locality = new Locality(Texts.Word(random), Texts.Word(random), ""),
        Services = random.Next(2) == 0
            ? []
            : [new WorkloadService(new NamespacedHostname("shop", Texts.Word(random)), [new ServicePort(80, (ushort)random.Next(65_536), (AppProtocol)random.Next(3))])],
    };

    public static Service Service(Random random) => new()
    {
        Name = "cart",
        Namespace = Texts.Word(random),
        Hostname = "cart.shop.svc.cluster.local",
        SubjectAltNames = random.Next(2) == 0 ? [] : ["spiffe://cluster.local/ns/shop/sa/cart"],
        IngressUseWaypoint = random.Next(2) == 0,
        Addresses = [new VirtualAddress(Texts.Word(random), Address(random))],
        Ports = [new ServicePort(80, (ushort)random.Next(65_536)), new ServicePort(65_535, 1)],
        Waypoint = random.Next(3) == 0 ? Gateway(random) : null,
        WeightedWaypoints = random.Next(3) == 0 ? [new WeightedWaypoint(Gateway(random), 90)] : [],
        LoadBalancing = random.Next(2) == 0 ? null : new LoadBalancing(LoadBalancingMode.Failover, [LoadBalancingScope.Network, LoadBalancingScope.Zone], HealthPolicy.AllowAll),
    };

    public static AuthorizationPolicy Policy(Random random) => new()
    {
        Name = "deny",
        Namespace = Texts.Word(random),
        Scope = (PolicyScope)random.Next(3),
        Action = (PolicyAction)random.Next(2),
        DryRun = random.Next(4) == 0,
        Rules = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Rule(random))],
    };

    private static PolicyRule Rule(Random random) => new([new PolicyClause([Match(random), new PolicyMatch()]), new PolicyClause([])]);

    private static PolicyMatch Match(Random random) => new()
    {
        Namespaces = [Text(random)],
        NotNamespaces = random.Next(2) == 0 ? [] : [Text(random)],
        Principals = [Text(random), Text(random)],
        SourceIps = [new AddressRange(Address(random), random.Next(33))],
        DestinationPorts = [80, (ushort)random.Next(65_536)],
        NotDestinationPorts = random.Next(2) == 0 ? [] : [1],
        ServiceAccounts = [new ServiceAccountMatch(Texts.Word(random), "web")],
    };

    private static TextMatch Text(Random random) => new((TextMatchKind)random.Next(4), Texts.Word(random));

    private static GatewayAddress Gateway(Random random) => random.Next(2) == 0
        ? new GatewayAddress(new NamespacedHostname("edge", "gw.edge.svc"), null, 15008)
        : new GatewayAddress(null, new NetworkAddress("net1", Address(random)), 15008);

    private static IPAddress Address(Random random) => random.Next(3) == 0 ? IPAddress.Parse("fd00::1") : new IPAddress([10, 0, 0, (byte)random.Next(256)]);
}
