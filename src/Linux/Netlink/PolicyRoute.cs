using System.Buffers.Binary;
using Mesh.Linux.Interop;

namespace Mesh.Linux.Netlink;

/// <summary>
/// The routing that brings marked packets back to this machine: one rule for a mark, and a table whose only route is "everything is
/// local". All calls act on the calling thread's network namespace and may be repeated.
/// </summary>
public sealed record PolicyRoute(uint Mark, uint Mask, uint Table, uint Priority)
{
    private const int NewRoute = 24;
    private const int DeleteRoute = 25;
    private const int NewRule = 32;
    private const int DeleteRule = 33;
    private const int GetRule = 34;
    private const int RuleHeader = 12;
    private const int RulePriority = 6;
    private const int RuleMark = 10;
    private const int RuleTable = 15;
    private const int RuleMask = 16;
    private const int RouteOutput = 4;
    private const int RouteTable = 15;
    private const byte ActionToTable = 1;
    private const byte ProtocolStatic = 4;
    private const byte ScopeHost = 254;
    private const byte TypeLocal = 2;
    private const uint LoopbackIndex = 1;

    /// <summary>Makes the rule and the route of one family; what is there already stays.</summary>
    public Errno Ensure(bool v6)
    {
        using var socket = NetlinkSocket.Open(NetlinkSocket.Route);
        var route = socket.Transact(Route(NewRoute, NetlinkFlags.Create | NetlinkFlags.Replace, v6)).Error;
        if (route != Errno.None) return route;
        var rule = socket.Transact(Rule(NewRule, NetlinkFlags.Create | NetlinkFlags.Exclusive, v6)).Error;
        return rule == Errno.Exists ? Errno.None : rule;
    }

    /// <summary>Removes every copy of the rule, and the route; what is missing is fine.</summary>
    public Errno Remove(bool v6)
    {
        const int copiesMax = 16;
        using var socket = NetlinkSocket.Open(NetlinkSocket.Route);
        for (var i = 0; i < copiesMax; i++)
        {
            var rule = socket.Transact(Rule(DeleteRule, NetlinkFlags.None, v6)).Error;
            if (IsMissing(rule)) break;
            if (rule != Errno.None) return rule;
        }

        var route = socket.Transact(Route(DeleteRoute, NetlinkFlags.None, v6)).Error;
        return IsMissing(route) ? Errno.None : route;
    }

    /// <summary>Whether the rule is in place.</summary>
    public bool HasRule(bool v6)
    {
        using var socket = NetlinkSocket.Open(NetlinkSocket.Route);
        var found = false;
        var header = new byte[RuleHeader];
        header[0] = (byte)(v6 ? Libc.AF_INET6 : Libc.AF_INET);
        var error = socket.Dump(
            () => new NetlinkWriter().Begin(GetRule, NetlinkFlags.Request | NetlinkFlags.Dump).Raw(header),
            (_, payload) => found |= Matches(payload),
            () => found = false);
        return error == Errno.None && found;
    }

    private bool Matches(ReadOnlySpan<byte> payload)
    {
        var (mark, mask, table, priority) = (0u, 0u, 0u, 0u);
        var attributes = new NetlinkAttributes(payload[RuleHeader..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (value.Length != sizeof(uint)) continue;
            var number = BinaryPrimitives.ReadUInt32LittleEndian(value);
            if (type == RuleMark) mark = number;
            else if (type == RuleMask) mask = number;
            else if (type == RuleTable) table = number;
            else if (type == RulePriority) priority = number;
        }

        return (mark, mask, table, priority) == (Mark, Mask, Table, Priority);
    }

    private NetlinkWriter Rule(int type, NetlinkFlags flags, bool v6)
    {
        Span<byte> header = stackalloc byte[RuleHeader];
        header.Clear();
        header[0] = (byte)(v6 ? Libc.AF_INET6 : Libc.AF_INET);
        header[7] = ActionToTable;
        return new NetlinkWriter().Begin(type, NetlinkFlags.Request | NetlinkFlags.Ack | flags)
            .Raw(header)
            .UInt32(RulePriority, Priority)
            .UInt32(RuleMark, Mark)
            .UInt32(RuleMask, Mask)
            .UInt32(RuleTable, Table);
    }

    private NetlinkWriter Route(int type, NetlinkFlags flags, bool v6)
    {
        Span<byte> header = stackalloc byte[12];
        header.Clear();
        header[0] = (byte)(v6 ? Libc.AF_INET6 : Libc.AF_INET);
        header[4] = (byte)Table;
        header[5] = ProtocolStatic;
        header[6] = v6 ? (byte)0 : ScopeHost;
        header[7] = TypeLocal;
        return new NetlinkWriter().Begin(type, NetlinkFlags.Request | NetlinkFlags.Ack | flags)
            .Raw(header)
            .UInt32(RouteOutput, LoopbackIndex)
            .UInt32(RouteTable, Table);
    }

    private static bool IsMissing(Errno error) => error is Errno.NotFound or Errno.NoSuchProcess or Errno.FamilyNotSupported;
}
