using System.Collections.Immutable;
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
    };

    public static Service Service(Random random) => new()
    {
        Name = "cart",
        Namespace = Texts.Word(random),
        Hostname = "cart.shop.svc.cluster.local",
        SubjectAltNames = random.Next(2) == 0 ? [] : ["spiffe://cluster.local/ns/shop/sa/cart"],
        IngressUseWaypoint = random.Next(2) == 0,
    };

    public static AuthorizationPolicy Policy(Random random) => new()
    {
        Name = "deny",
        Namespace = Texts.Word(random),
        Scope = (PolicyScope)random.Next(3),
        Action = (PolicyAction)random.Next(2),
        DryRun = random.Next(4) == 0,
        Rules = ImmutableArray<PolicyRule>.Empty,
    };

    private static IPAddress Address(Random random) => random.Next(3) == 0 ? IPAddress.Parse("fd00::1") : new IPAddress([10, 0, 0, (byte)random.Next(256)]);
}
