using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mesh.Linux.Netlink;

namespace Mesh.Linux.Nftables;

/// <summary>
/// One rule: matches, then one statement. Written left to right, as nft prints it; encoded as it is built, so that a table is applied
/// without any further thought.
/// </summary>
public sealed class NftRule
{
    private const uint Verdict = 0;
    private const uint Register = 1;
    private const int Network = 1;
    private const int Transport = 2;
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte FamilyV4 = 2;
    private const byte FamilyV6 = 10;
    private const byte TcpFinSynRstAck = 0x17;
    private const byte TcpSyn = 0x02;

    private readonly NetlinkWriter _expressions = new();
    private readonly StringBuilder _text = new();

    /// <summary>The rule for people, close to nft's own words.</summary>
    public override string ToString() => _text.ToString();

    internal ReadOnlySpan<byte> Expressions => _expressions.Written;

    public NftRule V4() => Say("meta nfproto ipv4").Meta(NftMeta.Protocol).Compare(equal: true, [FamilyV4]);

    public NftRule V6() => Say("meta nfproto ipv6").Meta(NftMeta.Protocol).Compare(equal: true, [FamilyV6]);

    public NftRule TcpOnly() => Say("meta l4proto tcp").Meta(NftMeta.Layer4).Compare(equal: true, [Tcp]);

    public NftRule UdpOnly() => Say("meta l4proto udp").Meta(NftMeta.Layer4).Compare(equal: true, [Udp]);

    /// <summary>Only the packet that opens a connection, so that flows older than the rules pass untouched.</summary>
    public NftRule Opening() => Say("tcp flags & (fin|syn|rst|ack) == syn")
        .Payload(Transport, 13, 1).Mask([TcpFinSynRstAck], [0]).Compare(equal: true, [TcpSyn]);

    public NftRule DestinationPort(ushort port, bool equal = true) =>
        Say($"th dport {Not(equal)}{port}").Payload(Transport, 2, 2).Compare(equal, BigEndian(port));

    public NftRule SourcePort(ushort port) => Say($"th sport {port}").Payload(Transport, 0, 2).Compare(equal: true, BigEndian(port));

    /// <summary>Needs <see cref="V4"/> or <see cref="V6"/> before it.</summary>
    public NftRule Source(IPAddress address) => Say($"saddr {address}")
        .Payload(Network, IsV6(address) ? 8 : 12, IsV6(address) ? 16 : 4).Compare(equal: true, address.GetAddressBytes());

    /// <summary>Needs <see cref="V4"/> or <see cref="V6"/> before it.</summary>
    public NftRule Destination(IPAddress address, bool equal = true) => Say($"daddr {Not(equal)}{address}")
        .Payload(Network, IsV6(address) ? 24 : 16, IsV6(address) ? 16 : 4).Compare(equal, address.GetAddressBytes());

    /// <summary>Needs <see cref="V4"/> or <see cref="V6"/> before it.</summary>
    public NftRule DestinationIn(NftSet set)
    {
        Say($"daddr @{set.Name}").Payload(Network, set.V6 ? 24 : 16, set.V6 ? 16 : 4);
        return Expression("lookup", w => w.Text(1, set.Name).UInt32BigEndian(2, Register));
    }

    public NftRule InputInterface(string name) => Say($"iifname {name}").Meta(NftMeta.InputName).Compare(equal: true, InterfaceName(name));

    public NftRule OutputInterface(string name, bool equal = true) =>
        Say($"oifname {Not(equal)}{name}").Meta(NftMeta.OutputName).Compare(equal, InterfaceName(name));

    public NftRule Mark(uint mark, uint mask, bool equal = true) => Say($"meta mark & 0x{mask:x} {(equal ? "==" : "!=")} 0x{mark:x}")
        .Meta(NftMeta.Mark).Mask(Native(mask), Native(0)).Compare(equal, Native(mark));

    public NftRule ConnectionMark(uint mark, uint mask) => Say($"ct mark & 0x{mask:x} == 0x{mark:x}")
        .Ct(NftConnection.Mark).Mask(Native(mask), Native(0)).Compare(equal: true, Native(mark));

    /// <summary>The user behind a local socket; packets without a local socket do not match.</summary>
    public NftRule SocketUser(uint userId) => Say($"meta skuid {userId}").Meta(NftMeta.SocketUser).Compare(equal: true, Native(userId));

    public NftRule Count()
    {
        Say("counter");
        return Expression("counter", static _ => { });
    }

    public NftRule Accept()
    {
        Say("accept");
        const uint accept = 1;
        return Expression("immediate", w =>
        {
            w.UInt32BigEndian(1, Verdict);
            var data = w.BeginNest(2);
            var verdict = w.BeginNest(2);
            w.UInt32BigEndian(1, accept);
            w.EndNest(verdict).EndNest(data);
        });
    }

    /// <summary>To a port of this machine, on the address of the interface the packet came by.</summary>
    public NftRule Redirect(ushort port)
    {
        Say($"redirect to :{port}").Immediate(BigEndian(port));
        return Expression("redir", w => w.UInt32BigEndian(1, Register));
    }

    /// <summary>Needs <see cref="V4"/> or <see cref="V6"/> before it.</summary>
    public NftRule SourceNat(IPAddress address)
    {
        Say($"snat to {address}").Immediate(address.GetAddressBytes());
        return Expression("nat", w => w
            .UInt32BigEndian(1, 0)
            .UInt32BigEndian(2, IsV6(address) ? FamilyV6 : FamilyV4)
            .UInt32BigEndian(3, Register));
    }

    /// <summary>Writes the mark on the connection, leaving its bits outside the mask.</summary>
    public NftRule SetConnectionMark(uint mark, uint mask)
    {
        Say($"ct mark set ct mark & 0x{~mask:x} | 0x{mark:x}").Ct(NftConnection.Mark).Mask(Native(~mask), Native(mark));
        return Expression("ct", w => w.UInt32BigEndian(2, (uint)NftConnection.Mark).UInt32BigEndian(4, Register));
    }

    public NftRule RestoreMark()
    {
        Say("meta mark set ct mark").Ct(NftConnection.Mark);
        return Expression("meta", w => w.UInt32BigEndian(2, (uint)NftMeta.Mark).UInt32BigEndian(3, Register));
    }

    public NftRule SetZone(ushort zone)
    {
        Span<byte> value = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(value, zone);
        Say($"ct zone set {zone}").Immediate(value);
        return Expression("ct", w => w.UInt32BigEndian(2, (uint)NftConnection.Zone).UInt32BigEndian(4, Register));
    }

    private static string Not(bool equal) => equal ? string.Empty : "!= ";

    private static bool IsV6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    private static byte[] BigEndian(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Native(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] InterfaceName(string name)
    {
        const int nameMax = 16; // IFNAMSIZ, padded: an exact match.
        var bytes = new byte[nameMax];
        if (Encoding.UTF8.GetByteCount(name) >= nameMax) throw new ArgumentException($"'{name}' is no interface name.", nameof(name));
        Encoding.UTF8.GetBytes(name, bytes);
        return bytes;
    }

    private NftRule Say(string part)
    {
        if (_text.Length > 0) _text.Append(' ');
        _text.Append(part);
        return this;
    }

    private NftRule Meta(NftMeta key) => Expression("meta", w => w.UInt32BigEndian(1, Register).UInt32BigEndian(2, (uint)key));

    private NftRule Ct(NftConnection key) => Expression("ct", w => w.UInt32BigEndian(1, Register).UInt32BigEndian(2, (uint)key));

    private NftRule Payload(int layer, int offset, int length) => Expression("payload", w => w
        .UInt32BigEndian(1, Register).UInt32BigEndian(2, (uint)layer).UInt32BigEndian(3, (uint)offset).UInt32BigEndian(4, (uint)length));

    private NftRule Compare(bool equal, byte[] value) => Expression("cmp", w =>
    {
        w.UInt32BigEndian(1, Register).UInt32BigEndian(2, equal ? 0u : 1u);
        Data(w, 3, value);
    });

    private NftRule Mask(byte[] mask, byte[] xor) => Expression("bitwise", w =>
    {
        w.UInt32BigEndian(1, Register).UInt32BigEndian(2, Register).UInt32BigEndian(3, (uint)mask.Length);
        Data(w, 4, mask);
        Data(w, 5, xor);
    });

    private NftRule Immediate(ReadOnlySpan<byte> value)
    {
        var bytes = value.ToArray();
        return Expression("immediate", w =>
        {
            w.UInt32BigEndian(1, Register);
            Data(w, 2, bytes);
        });
    }

    private static void Data(NetlinkWriter w, int attribute, byte[] value)
    {
        var nest = w.BeginNest(attribute);
        w.Bytes(1, value).EndNest(nest);
    }

    private NftRule Expression(string name, Action<NetlinkWriter> content)
    {
        var element = _expressions.BeginNest(1);
        _expressions.Text(1, name);
        var data = _expressions.BeginNest(2);
        content(_expressions);
        _expressions.EndNest(data).EndNest(element);
        return this;
    }
}
