namespace Mesh.Linux.Netlink;

/// <summary>Takes one message of a dump: its type, and its family header with the attributes behind.</summary>
internal delegate void NetlinkVisitor(int type, ReadOnlySpan<byte> payload);
