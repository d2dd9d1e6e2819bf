using Mesh.Model;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>Which addresses a name of the mesh is answered with. Pure: chance is an argument.</summary>
internal static class NameAddresses
{
    /// <summary>More would not fit an answer over TCP with IPv6 addresses.</summary>
    public const int AddressesMax = 1024;

    /// <summary>
    /// Writes the addresses of one family in random order: the service's own on the client's network, for a headless service one per endpoint,
    /// for a pod its own. None is an answer, too.
    /// </summary>
    public static int Collect(in MeshName name, string network, bool wantsV4, Random chance, Span<Ip> into)
    {
        var service = name.Service.Service!;
        var count = name.Pod is null && HasOwnAddress(service)
            ? CollectOwn(service, network, wantsV4, into)
            : CollectEndpoints(name, network, wantsV4, chance, into);
        chance.Shuffle(into[..count]);
        return count;
    }

    /// <summary>A workload that is not ready has no name, unless the service says so; the same rule as for carrying traffic to it.</summary>
    public static bool IsAnswered(MeshService service, MeshWorkload workload) =>
        workload.IsHealthy || service.Service!.LoadBalancing?.HealthPolicy == HealthPolicy.AllowAll;

    private static bool HasOwnAddress(Service service)
    {
        foreach (var address in service.Addresses)
        {
            if (address.PrefixLength is null) return true;
        }

        return false;
    }

    private static int CollectOwn(Service service, string network, bool wantsV4, Span<Ip> into)
    {
        var count = 0;
        foreach (var address in service.Addresses)
        {
            if (address.PrefixLength is not null || address.Network != network || count == into.Length) continue;
            var ip = Ip.From(address.Address);
            if (ip.IsV4 == wantsV4) into[count++] = ip;
        }

        return count;
    }

    private static int CollectEndpoints(in MeshName name, string network, bool wantsV4, Random chance, Span<Ip> into)
    {
        var (service, workloads) = (name.Service, name.Service.Workloads);
        var families = service.Service!.IpFamilies;
        if (workloads.IsEmpty || families == (wantsV4 ? IpFamilies.V6Only : IpFamilies.V4Only)) return 0;
        var (count, start) = (0, chance.Next(workloads.Length)); // With more endpoints than fit, everybody's turn comes.
        for (var i = 0; i < workloads.Length && count < into.Length; i++)
        {
            var workload = workloads[(start + i) % workloads.Length];
            if (workload.Network != network || !IsAnswered(service, workload)) continue; // Addresses of other networks cannot be dialled.
            if (name.Pod is { } pod && workload.Name != pod) continue;
            if (FirstOf(workload, wantsV4) is { } ip) into[count++] = ip;
        }

        return count;
    }

    private static Ip? FirstOf(MeshWorkload workload, bool wantsV4)
    {
        for (var i = 0; i < workload.AddressCount; i++)
        {
            if (workload.AddressAt(i) is var ip && ip.IsV4 == wantsV4) return ip;
        }

        return null;
    }
}
