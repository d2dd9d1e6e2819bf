using System.Buffers.Binary;

namespace Mesh.Linux.Netlink;

/// <summary>The loopback interface of the calling thread's network namespace.</summary>
public static class LoopbackLink
{
    private const int NewLink = 16;
    private const int Index = 1;
    private const uint Up = 1;
    private const int HeaderBytes = 16;

    /// <summary>Brings it up; that it is up already is fine.</summary>
    public static Errno BringUp()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], Index);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Up);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Up); // Change this flag only.
        using var socket = NetlinkSocket.Open(NetlinkSocket.Route);
        return socket.Transact(new NetlinkWriter().Begin(NewLink, NetlinkFlags.Request | NetlinkFlags.Ack).Raw(header)).Error;
    }
}
