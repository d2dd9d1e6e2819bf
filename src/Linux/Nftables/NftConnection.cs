namespace Mesh.Linux.Nftables;

/// <summary>Keys of nf_tables' ct expression.</summary>
internal enum NftConnection
{
    Mark = 3,
    Zone = 17,
}
