using System.Net;

namespace Mesh.Linux.Netlink;

/// <summary>The addresses of all interfaces of the calling thread's network namespace.</summary>
public static class InterfaceAddresses
{
    private const int GetAddress = 22;
    private const int NewAddress = 20;
    private const int HeaderBytes = 8;
    private const int Address = 1;
    private const int Local = 2;

    public static IReadOnlySet<IPAddress> Read()
    {
        using var socket = NetlinkSocket.Open(NetlinkSocket.Route);
        var found = new HashSet<IPAddress>();
        var error = socket.Dump(
            () => new NetlinkWriter().Begin(GetAddress, NetlinkFlags.Request | NetlinkFlags.Dump).Raw(new byte[HeaderBytes]),
            (type, payload) =>
            {
                if (type == NewAddress) Collect(payload, found);
            },
            found.Clear);
        return error == Errno.None ? found : throw new LinuxException("dump of interface addresses", error);
    }

    private static void Collect(ReadOnlySpan<byte> payload, HashSet<IPAddress> found)
    {
        var attributes = new NetlinkAttributes(payload[HeaderBytes..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type is Address or Local && value.Length is 4 or 16) found.Add(new IPAddress(value));
        }
    }
}
