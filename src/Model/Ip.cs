using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mesh.Model;

/// <summary>An IP address as a plain value; an IPv4-mapped IPv6 address and the IPv4 address are the same value.</summary>
public readonly record struct Ip(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;
    private const int V4Bits = 32;
    private const int V6Bits = 128;

    public static Ip LoopbackV4 { get; } = FromV4(0x7F00_0001);

    public static Ip LoopbackV6 { get; } = new(0, 1);

    public bool IsV4 => High == 0 && Low >> V4Bits == MappedPrefix >> V4Bits;

    public bool IsLoopback => IsV4 ? (byte)(Low >> 24) == 127 : this == LoopbackV6;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => this == default || Low == MappedPrefix && High == 0;

    public static Ip FromV4(uint hostOrder) => new(0, MappedPrefix | hostOrder);

    public static Ip FromBits(UInt128 bits, bool isV6) => isV6 ? new Ip((ulong)(bits >> 64), (ulong)bits) : FromV4((uint)bits);

    public static Ip From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return From(bytes[..length]);
    }

    /// <summary>From 4 or 16 bytes in network order; any other length is the unspecified address.</summary>
    public static Ip From(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new Ip(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
        _ => default,
    };

    public static bool TryParse(ReadOnlySpan<char> text, out Ip ip)
    {
        ip = default;
        if (!IPAddress.TryParse(text, out var parsed)) return false;
        // IPAddress also reads "1" and "0x7f.1"; an address in a mesh is always written in full.
        if (parsed.AddressFamily == AddressFamily.InterNetwork && text.Count('.') != 3) return false;
        ip = From(parsed);
        return true;
    }

    /// <summary>Whether the first bits are those of the range; the length counts in the range's own family.</summary>
    public bool IsWithin(Ip range, int prefixLength)
    {
        if (IsV4 != range.IsV4 || prefixLength < 0) return false;
        var bits = Math.Min(V6Bits, range.IsV4 ? prefixLength + V6Bits - V4Bits : prefixLength);
        var high = bits >= 64 ? ulong.MaxValue : bits == 0 ? 0 : ulong.MaxValue << (64 - bits);
        var low = bits <= 64 ? 0 : ulong.MaxValue << (V6Bits - bits);
        return ((High ^ range.High) & high) == 0 && ((Low ^ range.Low) & low) == 0;
    }

    public int HashCode32
    {
        get
        {
            var mixed = (High * 0x9E37_79B9_7F4A_7C15) ^ (Low * 0xC2B2_AE3D_27D4_EB4F);
            return (int)(mixed ^ (mixed >> 32));
        }
    }

    public override int GetHashCode() => HashCode32;

    public UInt128 ToBits() => IsV4 ? (uint)Low : new UInt128(High, Low);

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return IsV4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
    }

    public bool TryFormat(Span<char> destination, out int written)
    {
        written = 0;
        if (!IsV4) return ToIPAddress().TryFormat(destination, out written);
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (!((byte)(Low >> shift)).TryFormat(destination[written..], out var digits, default, CultureInfo.InvariantCulture)) return false;
            written += digits;
            if (shift == 0) return true;
            if (written >= destination.Length) return false;
            destination[written++] = '.';
        }

        return true;
    }

    public override string ToString()
    {
        Span<char> text = stackalloc char[46];
        TryFormat(text, out var written);
        return text[..written].ToString();
    }
}
