namespace Mesh.Linux.Nftables;

/// <summary>Where in a packet's way a base chain sits; netfilter's numbers.</summary>
public enum NftHook
{
    Prerouting = 0,
    Output = 3,
    Postrouting = 4,
}
