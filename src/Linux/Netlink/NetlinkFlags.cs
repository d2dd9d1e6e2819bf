namespace Mesh.Linux.Netlink;

/// <summary>Flags of a netlink message; the same bit means another thing for reading and for making.</summary>
[Flags]
internal enum NetlinkFlags
{
    None = 0,
    Request = 0x1,
    Ack = 0x4,
    Dump = 0x300,
    Replace = 0x100,
    Exclusive = 0x200,
    Create = 0x400,
    Append = 0x800,
}
