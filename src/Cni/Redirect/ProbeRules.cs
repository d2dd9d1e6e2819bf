using System.Net;
using System.Net.Sockets;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Redirect;

/// <summary>
/// The node's table: kubelet's probes of enrolled pods leave with an address that the pods' rules let pass. Only sockets of kubelet's
/// user match; forwarded packets have no local socket and stay captured. Pure.
/// </summary>
internal static class ProbeRules
{
    public const string TableName = "mesh-probes";
    private const int SourceNat = 100;

    public static NftTable Render(IEnumerable<IPAddress> pods, uint kubeletUser, RedirectSettings settings)
    {
        var v4 = new List<IPAddress>();
        var v6 = new List<IPAddress>();
        foreach (var pod in pods) (pod.AddressFamily == AddressFamily.InterNetworkV6 ? v6 : v4).Add(pod);
        var podsV4 = new NftSet("pods-v4", V6: false, Ordered(v4));
        var podsV6 = new NftSet("pods-v6", V6: true, Ordered(v6));
        var rules = new List<NftRule>
        {
            new NftRule().V4().TcpOnly().SocketUser(kubeletUser).DestinationIn(podsV4).Count().SourceNat(settings.ProbeV4),
        };
        if (settings.V6) rules.Add(new NftRule().V6().TcpOnly().SocketUser(kubeletUser).DestinationIn(podsV6).Count().SourceNat(settings.ProbeV6));
        return new NftTable(
            TableName,
            settings.V6 ? [podsV4, podsV6] : [podsV4],
            [new NftChain("nat-postrouting", NftChainType.Nat, NftHook.Postrouting, SourceNat - 10, rules)]); // Before others' masquerading.
    }

    /// <summary>One order and no doubles, so that equal sets make equal tables.</summary>
    private static List<IPAddress> Ordered(List<IPAddress> addresses) =>
        [.. addresses.Distinct().OrderBy(static a => a.ToString(), StringComparer.Ordinal)];
}
