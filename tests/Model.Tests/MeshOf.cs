using System.Collections.Immutable;
using System.Net;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Tests;

/// <summary>Short words for building a mesh in a test.</summary>
internal static class MeshOf
{
    public static Workload Pod(string name, string ip, string ns = "shop", TunnelProtocol protocol = TunnelProtocol.Hbone, string? account = null) => new()
    {
        Uid = $"Kubernetes//Pod/{ns}/{name}",
        Name = name,
        Namespace = ns,
        ServiceAccount = account ?? name,
        Addresses = ip.Length == 0 ? [] : [.. ip.Split(',').Select(IPAddress.Parse)],
        Protocol = protocol,
        Node = "node-a",
        WorkloadName = name,
        CanonicalName = name,
    };

    public static Service Service(string name, string vip, ushort port = 80, ushort target = 8080, string ns = "shop") => new()
    {
        Name = name,
        Namespace = ns,
        Hostname = $"{name}.{ns}.svc.cluster.local",
        Addresses = vip.Length == 0 ? [] : [new VirtualAddress("", IPAddress.Parse(vip))],
        Ports = [new ServicePort(port, target)],
    };

    public static Workload Backs(this Workload workload, Service service, ushort port = 80, ushort target = 8080) =>
        workload with { Services = workload.Services.Add(new WorkloadService(service.Key, [new ServicePort(port, target)])) };

    public static GatewayAddress At(string ip, ushort port = 15008, string network = "") => new(null, new NetworkAddress(network, IPAddress.Parse(ip)), port);

    public static GatewayAddress Named(Service service, ushort port = 15008) => new(service.Key, null, port);

    public static MeshSnapshot Snapshot(params object[] resources)
    {
        var builder = new MeshSnapshotBuilder();
        foreach (var resource in resources)
        {
            switch (resource)
            {
                case Workload workload:
                    builder.Set(workload);
                    break;
                case Service service:
                    builder.Set(service);
                    break;
                case AuthorizationPolicy policy:
                    builder.Set(policy);
                    break;
                default:
                    throw new ArgumentException(resource.ToString());
            }
        }

        return builder.Freeze();
    }

    public static Ip Ip(string text) => Model.Ip.TryParse(text, out var ip) ? ip : throw new ArgumentException(text);

    public static IpPort IpPort(string text) => Model.IpPort.TryParse(text) ?? throw new ArgumentException(text);

    public static AuthorizationPolicy Policy(
        string name, PolicyAction action, PolicyMatch? match, string ns = "shop", PolicyScope scope = PolicyScope.Namespace, bool dryRun = false) => new()
        {
            Name = name,
            Namespace = ns,
            Scope = scope,
            Action = action,
            DryRun = dryRun,
            Rules = match is null ? [] : [new PolicyRule([new PolicyClause([match])])],
        };

    public static ImmutableArray<T> Of<T>(params T[] values) => [.. values];
}
