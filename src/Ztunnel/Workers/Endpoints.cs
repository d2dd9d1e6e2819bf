using Mesh.Linux.Sockets;
using Mesh.Model;

namespace Mesh.Ztunnel.Workers;

/// <summary>Between the kernel's addresses and the mesh's.</summary>
internal static class Endpoints
{
    public static IpPort ToIpPort(this InetEndpoint endpoint) => new(Ip.FromBits(endpoint.Bits, endpoint.IsV6), endpoint.Port);

    public static InetEndpoint ToEndpoint(this IpPort address) => InetEndpoint.From(address.Address.ToIPAddress(), address.Port);
}
