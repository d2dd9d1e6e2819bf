using System.Buffers.Binary;
using System.Text;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Ztunnel.Inbound;

namespace Mesh.Fuzz.Targets;

/// <summary>The PROXY header that applications get, read back as its specification says. Input: two addresses with ports, then an identity.</summary>
internal sealed class ProxyHeaderTarget() : Target("proxy-header")
{
    public override byte[] Make(Random random)
    {
        var bytes = new byte[38];
        random.NextBytes(bytes);
        (bytes[0], bytes[1]) = ((byte)random.Next(2), (byte)random.Next(2));
        return [.. bytes, .. Encoding.UTF8.GetBytes($"spiffe://cluster.local/ns/{random.Next(100)}/sa/web")];
    }

    public override bool Try(byte[] input, Random random)
    {
        if (input.Length < 38 || SpiffeId.TryParse(Encoding.UTF8.GetString(input.AsSpan(38))) is not { } identity) return false;
        var (source, destination) = (Address(input.AsSpan(2, 18), input[0]), Address(input.AsSpan(20, 18), input[1]));
        var header = ProxyHeader.Render(source, destination, identity).Span;
        var isV4 = source.Address.IsV4 && destination.Address.IsV4;
        var addresses = isV4 ? 12 : 36;
        Require(header[..12].SequenceEqual("\r\n\r\n\0\r\nQUIT\n"u8), "the signature");
        Require(header[12] == 0x21 && header[13] == (isV4 ? 0x11 : 0x21), "version 2, PROXY, TCP over the right family");
        Require(BinaryPrimitives.ReadUInt16BigEndian(header[14..]) == header.Length - 16, "the length is that of the rest");
        Require(BinaryPrimitives.ReadUInt16BigEndian(header[(16 + addresses - 4)..]) == source.Port, "the source port");
        Require(BinaryPrimitives.ReadUInt16BigEndian(header[(16 + addresses - 2)..]) == destination.Port, "the destination port");
        var tlv = header[(16 + addresses)..];
        Require(tlv[0] == 0xD0 && BinaryPrimitives.ReadUInt16BigEndian(tlv[1..]) == tlv.Length - 3, "one field, the identity, to the end");
        Require(Encoding.UTF8.GetString(tlv[3..]) == identity.ToString(), "the identity as it is written");
        return true;
    }

    private static IpPort Address(ReadOnlySpan<byte> bytes, byte family) => new(
        family % 2 == 0
            ? Ip.FromBits(BinaryPrimitives.ReadUInt32BigEndian(bytes), isV6: false)
            : Ip.FromBits(BinaryPrimitives.ReadUInt128BigEndian(bytes), isV6: true),
        BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]));
}
