using System.Buffers.Binary;

namespace Mesh.Demo.Packets;

/// <summary>Reads a classic pcap file (tcpdump -w): the TCP payload of every IPv4 packet, Ethernet or Linux cooked.</summary>
public static class PcapReader
{
    /// <summary>One captured segment.</summary>
    public readonly record struct Segment(int SourcePort, int DestinationPort, ReadOnlyMemory<byte> Payload);

    private const uint MagicMicroseconds = 0xA1B2C3D4;
    private const int Ethernet = 1;
    private const int LinuxCooked = 113;
    private const int LinuxCooked2 = 276;

    public static List<Segment> Read(ReadOnlyMemory<byte> file)
    {
        var segments = new List<Segment>();
        if (file.Length < 24) return segments;
        var head = file.Span;
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != MagicMicroseconds) throw new DemoException("reading the capture", "not a little-endian pcap file");
        var link = (int)BinaryPrimitives.ReadUInt32LittleEndian(head[20..]);
        for (var at = 24; at + 16 <= file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(file.Span[(at + 8)..]);
            at += 16;
            if (length < 0 || at + length > file.Length) break;
            if (Tcp(file.Slice(at, length), link) is { } segment) segments.Add(segment);
            at += length;
        }

        return segments;
    }

    private static Segment? Tcp(ReadOnlyMemory<byte> packet, int link)
    {
        var skip = link switch { Ethernet => 14, LinuxCooked => 16, LinuxCooked2 => 20, _ => throw new DemoException("reading the capture", $"link type {link} is not known") };
        if (packet.Length < skip + 40) return null;
        var ip = packet[skip..];
        if (ip.Span[0] >> 4 != 4 || ip.Span[9] != 6) return null;
        var total = BinaryPrimitives.ReadUInt16BigEndian(ip.Span[2..]);
        var tcp = ip[((ip.Span[0] & 15) * 4)..Math.Min(total == 0 ? ip.Length : total, ip.Length)];
        if (tcp.Length < 20) return null;
        var payload = tcp[Math.Min((tcp.Span[12] >> 4) * 4, tcp.Length)..];
        return new Segment(BinaryPrimitives.ReadUInt16BigEndian(tcp.Span), BinaryPrimitives.ReadUInt16BigEndian(tcp.Span[2..]), payload);
    }
}
