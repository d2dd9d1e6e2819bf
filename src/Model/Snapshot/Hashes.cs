namespace Mesh.Model.Snapshot;

/// <summary>The hash of each kind of key.</summary>
internal static class Hashes
{
    public static int Address(string network, Ip address) =>
        network.Length == 0 ? address.HashCode32 : TableMath.Combine(address.HashCode32, TableMath.Hash(network));

    public static int Name(string ns, string name) => TableMath.Hash(name, TableMath.Hash(ns));
}
