using System.Buffers.Binary;
using System.Net;

namespace Mesh.Linux.Sockets;

/// <summary>An IP address and port as a value; IPv4-mapped IPv6 addresses are always held as IPv4.</summary>
public readonly record struct InetEndpoint
{
    /// <summary>Largest socket address we write (struct sockaddr_in6).</summary>
    internal const int SizeMax = 28;
    private const int V4Size = 16;
    private static readonly UInt128 MappedPrefix = (UInt128)0xFFFF << 32;

    private InetEndpoint(bool isV6, UInt128 bits, ushort port, uint scope) => (IsV6, Bits, Port, Scope) = (isV6, bits, port, scope);

    public bool IsV6 { get; }

    /// <summary>The address in host order; IPv4 in the low 32 bits.</summary>
    public UInt128 Bits { get; }

    public ushort Port { get; }

    public uint Scope { get; }

    public static InetEndpoint AnyV4(ushort port) => new(isV6: false, UInt128.Zero, port, 0);

    public static InetEndpoint AnyV6(ushort port) => new(isV6: true, UInt128.Zero, port, 0);

    public static InetEndpoint LoopbackV4(ushort port) => new(isV6: false, 0x7F000001, port, 0);

    public static InetEndpoint LoopbackV6(ushort port) => new(isV6: true, UInt128.One, port, 0);

    public static InetEndpoint From(IPAddress address, ushort port)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? new InetEndpoint(isV6: false, BinaryPrimitives.ReadUInt32BigEndian(bytes), port, 0)
            : FromV6(BinaryPrimitives.ReadUInt128BigEndian(bytes), port, (uint)address.ScopeId);
    }

    public static InetEndpoint From(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return From(endpoint.Address, (ushort)endpoint.Port);
    }

    public InetEndpoint WithPort(ushort port) => new(IsV6, Bits, port, Scope);

    /// <summary>Address and scope alike, whatever the port.</summary>
    public bool SameAddress(InetEndpoint other) => IsV6 == other.IsV6 && Bits == other.Bits && Scope == other.Scope;

    public bool IsLoopback => IsV6 ? Bits == UInt128.One : ((uint)Bits >> 24) == 127;

    public bool IsAny => Bits == UInt128.Zero;

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!IsV6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Bits);
            return new IPAddress(bytes[..4]);
        }

        BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);
        return new IPAddress(bytes, Scope);
    }

    public IPEndPoint ToIPEndPoint() => new(ToIPAddress(), Port);

    public override string ToString() => ToIPEndPoint().ToString();

    /// <summary>Writes struct sockaddr_in or sockaddr_in6; <paramref name="asV6"/> maps an IPv4 address for a dual-stack socket.</summary>
    internal int Write(Span<byte> bytes, bool asV6 = false)
    {
        bytes[..SizeMax].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], Port);
        if (!IsV6 && !asV6)
        {
            BitConverter.TryWriteBytes(bytes, (ushort)Interop.Libc.AF_INET);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)Bits);
            return V4Size;
        }

        BitConverter.TryWriteBytes(bytes, (ushort)Interop.Libc.AF_INET6);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[8..], IsV6 || IsAny ? Bits : Bits | MappedPrefix);
        BitConverter.TryWriteBytes(bytes[24..], Scope);
        return SizeMax;
    }

    /// <summary>Reads a socket address; false when it is of another family.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out InetEndpoint endpoint)
    {
        endpoint = default;
        if (bytes.Length < V4Size) return false;
        var family = BitConverter.ToUInt16(bytes);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (family == Interop.Libc.AF_INET)
        {
            endpoint = new InetEndpoint(isV6: false, BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), port, 0);
            return true;
        }

        if (family != Interop.Libc.AF_INET6 || bytes.Length < SizeMax) return false;
        endpoint = FromV6(BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]), port, BitConverter.ToUInt32(bytes[24..]));
        return true;
    }

    private static InetEndpoint FromV6(UInt128 bits, ushort port, uint scope) =>
        (bits >> 32) == 0xFFFF ? new InetEndpoint(isV6: false, (uint)bits, port, 0) : new InetEndpoint(isV6: true, bits, port, scope);
}
