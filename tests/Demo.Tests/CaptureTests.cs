using System.Buffers.Binary;
using Mesh.Demo.Packets;

namespace Mesh.Demo.Tests;

/// <summary>What the demo concludes from a packet capture.</summary>
public sealed class CaptureTests
{
    [Fact]
    public void A_marker_in_a_payload_is_found() =>
        Assert.True(Read(Packet(40000, 8080, "GET /marker-1 HTTP/1.1"u8)).Shows("marker-1"));

    [Fact]
    public void A_marker_that_did_not_cross_is_not_found() =>
        Assert.False(Read(Packet(40000, 15008, [0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5])).Shows("marker-1"));

    [Fact]
    public void A_server_hello_with_version_0x0304_on_port_15008_is_tls_1_3()
    {
        byte[] hello = [0x16, 3, 3, 0, 20, 0x02, 0, 0, 16, 3, 3, 0, 0, 0, 0x2B, 0, 2, 3, 4];
        Assert.True(Read(Packet(15008, 40000, hello)).HboneChoseTls13);
        Assert.False(Read(Packet(8443, 40000, hello)).HboneChoseTls13);
    }

    [Fact]
    public void A_client_hello_that_offers_tls_1_3_does_not_count_as_the_servers_choice()
    {
        byte[] hello = [0x16, 3, 1, 0, 20, 0x01, 0, 0, 16, 3, 3, 0, 0, 0, 0x2B, 0, 2, 3, 4];
        Assert.False(Read(Packet(15008, 40000, hello)).HboneChoseTls13);
    }

    [Fact]
    public void A_capture_cut_off_in_the_middle_of_a_packet_gives_what_came_before()
    {
        var whole = Pcap(Packet(1, 2, "one"u8), Packet(3, 4, "two"u8));
        for (var length = 0; length < whole.Length; length++) Assert.InRange(PcapReader.Read(whole.AsMemory(0, length)).Count, 0, 1);
        Assert.Equal(2, PcapReader.Read(whole).Count);
    }

    private static Capture Read(byte[] packet) => new(PcapReader.Read(Pcap(packet)));

    private static byte[] Pcap(params byte[][] packets)
    {
        var file = new MemoryStream();
        Span<byte> head = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(head, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt32LittleEndian(head[20..], 1);
        file.Write(head);
        Span<byte> record = stackalloc byte[16];
        foreach (var packet in packets)
        {
            record.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(record[8..], packet.Length);
            file.Write(record);
            file.Write(packet);
        }

        return file.ToArray();
    }

    private static byte[] Packet(int from, int to, ReadOnlySpan<byte> payload)
    {
        var packet = new byte[14 + 20 + 20 + payload.Length];
        var ip = packet.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(40 + payload.Length));
        ip[9] = 6;
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], (ushort)from);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], (ushort)to);
        ip[32] = 0x50;
        payload.CopyTo(ip[40..]);
        return packet;
    }
}
