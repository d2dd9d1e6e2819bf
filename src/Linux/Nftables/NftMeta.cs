namespace Mesh.Linux.Nftables;

/// <summary>Keys of nf_tables' meta expression.</summary>
internal enum NftMeta
{
    Mark = 3,
    InputName = 6,
    OutputName = 7,
    SocketUser = 10,
    Protocol = 15,
    Layer4 = 16,
}
