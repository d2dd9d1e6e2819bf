using System.Buffers.Binary;
using System.Text;
using Mesh.Identity;
using Mesh.Model;

namespace Mesh.Ztunnel.Inbound;

/// <summary>
/// The PROXY protocol header, version 2, for applications that take the original destination:
/// signature 12, version and command 1, family 1, length 2, addresses 12 or 36, then a TLV with the peer's identity.
/// </summary>
internal static class ProxyHeader
{
    private const byte VersionAndProxy = 0x21;
    private const byte TcpOverV4 = 0x11;
    private const byte TcpOverV6 = 0x21;
    private const byte IdentityTlv = 0xD0;
    private const int FixedBytes = 16;

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    public static ReadOnlyMemory<byte> Render(IpPort source, IpPort destination, SpiffeId identity)
    {
        var isV4 = source.Address.IsV4 && destination.Address.IsV4;
        var addressBytes = isV4 ? 4 : 16;
        var id = Encoding.UTF8.GetBytes(identity.ToString());
        var bytes = new byte[FixedBytes + (2 * addressBytes) + 4 + 3 + id.Length];
        Signature.CopyTo(bytes);
        bytes[12] = VersionAndProxy;
        bytes[13] = isV4 ? TcpOverV4 : TcpOverV6;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(14), (ushort)(bytes.Length - FixedBytes));
        var at = FixedBytes;
        Write(bytes, ref at, source.Address, isV4);
        Write(bytes, ref at, destination.Address, isV4);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at + 2), destination.Port);
        at += 4;
        bytes[at] = IdentityTlv;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at + 1), (ushort)id.Length);
        id.CopyTo(bytes.AsSpan(at + 3));
        return bytes;
    }

    private static void Write(byte[] bytes, ref int at, Ip ip, bool isV4)
    {
        if (isV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)ip.Low);
            at += 4;
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at), ip.High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at + 8), ip.Low);
        at += 16;
    }
}
