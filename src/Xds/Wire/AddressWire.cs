using System.Net;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>The small messages that workloads and services share: addresses, gateways, ports. Pure.</summary>
internal static class AddressWire
{
    public static IPAddress? DecodeIp(ReadOnlySpan<byte> bytes) => bytes.Length is 4 or 16 ? new IPAddress(bytes) : null;

    public static void EncodeIp(ProtoWriter writer, int field, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        writer.Bytes(field, bytes[..written]);
    }

    public static string? DecodePort(ReadOnlySpan<byte> message, out ServicePort port)
    {
        port = default;
        ulong service = 0, target = 0, protocol = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsNumber(1)) service = reader.Number;
            else if (reader.IsNumber(2)) target = reader.Number;
            else if (reader.IsNumber(3)) protocol = reader.Number;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (service > ushort.MaxValue || target > ushort.MaxValue) return Problems.PortRange;
        port = new ServicePort((ushort)service, (ushort)target, Known(protocol, AppProtocol.Tls, AppProtocol.Unknown));
        return null;
    }

    public static void EncodePort(ProtoWriter writer, int field, ServicePort port)
    {
        var start = writer.Begin(field);
        writer.Number(1, port.Port);
        writer.Number(2, port.TargetPort);
        writer.Number(3, (ulong)port.AppProtocol);
        writer.End(start);
    }

    public static string? DecodeVirtual(ReadOnlySpan<byte> message, WireDecoder shared, out VirtualAddress address)
    {
        address = default;
        var network = "";
        IPAddress? ip = null;
        int? prefix = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
                network = text;
            }
            else if (reader.IsBytes(2))
            {
                ip = DecodeIp(reader.Bytes);
                if (ip is null) return Problems.AddressLength;
            }
            else if (reader.IsNumber(3)) prefix = (int)Math.Min(reader.Number, int.MaxValue);
        }
        if (reader.Malformed) return Problems.Malformed;
        if (ip is null) return Problems.AddressLength;
        if (prefix > BitsOf(ip)) return Problems.PrefixRange;
        address = new VirtualAddress(network, ip, prefix);
        return null;
    }

    public static void EncodeVirtual(ProtoWriter writer, int field, VirtualAddress address)
    {
        var start = writer.Begin(field);
        writer.Text(1, address.Network);
        EncodeIp(writer, 2, address.Address);
        if (address.PrefixLength is { } prefix) writer.NumberAlways(3, (ulong)prefix);
        writer.End(start);
    }

    public static string? DecodeGateway(ReadOnlySpan<byte> message, WireDecoder shared, out GatewayAddress? gateway)
    {
        if (shared.Gateways.TryFind(message, out gateway)) return null;
        NamespacedHostname? hostname = null;
        NetworkAddress? address = null;
        ulong port = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                if (DecodeHostname(reader.Bytes, shared, out var decoded) is { } problem) return problem;
                (hostname, address) = (decoded, null); // The last member of a oneof wins.
            }
            else if (reader.IsBytes(2))
            {
                if (DecodeVirtual(reader.Bytes, shared, out var decoded) is { } problem) return problem;
                (hostname, address) = (null, new NetworkAddress(decoded.Network, decoded.Address));
            }
            else if (reader.IsNumber(3)) port = reader.Number;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (hostname is null && address is null) return Problems.GatewayDestination;
        if (port > ushort.MaxValue) return Problems.PortRange;
        gateway = new GatewayAddress(hostname, address, (ushort)port);
        shared.Gateways.Add(message, gateway);
        return null;
    }

    public static void EncodeGateway(ProtoWriter writer, int field, GatewayAddress? gateway)
    {
        if (gateway is null) return;
        var start = writer.Begin(field);
        if (gateway.Hostname is { } hostname)
        {
            var inner = writer.Begin(1);
            writer.Text(1, hostname.Namespace);
            writer.Text(2, hostname.Hostname);
            writer.End(inner);
        }
        else if (gateway.Address is { } address) EncodeVirtual(writer, 2, new VirtualAddress(address.Network, address.Address));
        writer.Number(3, gateway.HboneMtlsPort);
        writer.End(start);
    }

    /// <summary>The wire's number as our enum; numbers of a newer schema become <paramref name="unknown"/>.</summary>
    public static T Known<T>(ulong number, T last, T unknown) where T : struct, Enum
    {
        var largest = System.Runtime.CompilerServices.Unsafe.BitCast<T, int>(last);
        return number > (ulong)largest ? unknown : System.Runtime.CompilerServices.Unsafe.BitCast<int, T>((int)number);
    }

    public static int BitsOf(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128;

    private static string? DecodeHostname(ReadOnlySpan<byte> message, WireDecoder shared, out NamespacedHostname hostname)
    {
        hostname = default;
        string ns = "", host = "";
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(1) && !reader.IsBytes(2)) continue;
            if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
            if (reader.Field == 1) ns = text;
            else host = text;
        }
        if (reader.Malformed) return Problems.Malformed;
        hostname = new NamespacedHostname(ns, host);
        return null;
    }
}
