using System.Buffers.Binary;
using System.Text;
using Mesh.Model;

namespace Mesh.Ztunnel.Socks;

/// <summary>
/// The two messages of a SOCKS5 client (RFC 1928, 3 and 4). Bytes in, values out. Each tells how long it is at least, so that nobody reads
/// past it: what follows is the application's.
/// </summary>
internal static class SocksMessage
{
    /// <summary>A greeting with 255 methods is 257 bytes; a request with a name of 255 is 262.</summary>
    public const int BytesMax = 262;
    public const int ReplyBytes = 10;
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte Connect = 1;
    private const byte AddressV4 = 1;
    private const byte AddressName = 3;
    private const byte AddressV6 = 4;
    private const int RequestHead = 4;
    private const int PortBytes = 2;

    /// <summary>version 8 | count 8 | methods: the client must be ready to go without authentication.</summary>
    public static SocksRead TryReadGreeting(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 2;
        if (bytes.Length > 0 && bytes[0] != Version) return SocksRead.Violation;
        if (bytes.Length < length) return SocksRead.NeedMoreBytes;
        length = 2 + bytes[1];
        if (bytes.Length < length) return SocksRead.NeedMoreBytes;
        return bytes[2..length].Contains(NoAuthentication) ? SocksRead.Complete : SocksRead.Violation;
    }

    /// <summary>version 8 | command 8 | 0 | kind 8 | address, or length 8 and name | port 16.</summary>
    public static SocksRead TryReadRequest(ReadOnlySpan<byte> bytes, out SocksTarget target, out int length)
    {
        target = default;
        length = RequestHead + 1; // The shortest kind has more; a name's length is there.
        if (bytes.Length > 0 && bytes[0] != Version) return SocksRead.Violation;
        if (bytes.Length > 1 && bytes[1] != Connect) return SocksRead.Violation;
        if (bytes.Length < length) return SocksRead.NeedMoreBytes;
        var kind = bytes[3];
        var (at, size) = kind switch
        {
            AddressV4 => (RequestHead, 4),
            AddressV6 => (RequestHead, 16),
            AddressName => (RequestHead + 1, (int)bytes[4]),
            _ => (0, 0),
        };
        if (size == 0) return SocksRead.Violation;
        length = at + size + PortBytes;
        if (bytes.Length < length) return SocksRead.NeedMoreBytes;
        var host = bytes.Slice(at, size);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + size)..]);
        if (kind != AddressName)
        {
            target = new SocksTarget(Ip.From(host), "", port);
            return SocksRead.Complete;
        }

        if (!Ascii.IsValid(host)) return SocksRead.Violation;
        var name = Encoding.ASCII.GetString(host);
        // Some clients write an address as a name.
        target = Ip.TryParse(name, out var ip) ? new SocksTarget(ip, "", port) : new SocksTarget(null, name, port);
        return SocksRead.Complete;
    }

    /// <summary>The answer to a request: the bound address is told to nobody.</summary>
    public static void WriteReply(Span<byte> into, SocksReply reply)
    {
        into[..ReplyBytes].Clear();
        (into[0], into[1], into[3]) = (Version, (byte)reply, AddressV4);
    }
}
