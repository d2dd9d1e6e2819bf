using System.Buffers.Binary;
using System.Security.Cryptography;
using Mesh.Linux.Netlink;

namespace Mesh.Linux.Nftables;

/// <summary>
/// Puts tables into the kernel and reads back what is there, by raw netlink. Acts on the calling thread's network namespace. Replacing a
/// table is one transaction: packets see the old rules or the new ones, never a mixture or none.
/// </summary>
public static class Ruleset
{
    private const int Subsystem = 10 << 8;
    private const int NewTable = Subsystem | 0;
    private const int GetTable = Subsystem | 1;
    private const int DeleteTable = Subsystem | 2;
    private const int NewChain = Subsystem | 3;
    private const int GetChain = Subsystem | 4;
    private const int NewRule = Subsystem | 6;
    private const int GetRule = Subsystem | 7;
    private const int NewSet = Subsystem | 9;
    private const int NewSetElement = Subsystem | 12;
    private const int BatchBegin = 0x10;
    private const int BatchEnd = 0x11;
    private const byte FamilyInet = 1;
    private const int HeaderBytes = 4;
    private const int TypeIpv4 = 7;
    private const int TypeIpv6 = 8;

    /// <summary>Addresses per message; netlink attributes end at 64 KiB.</summary>
    private const int ElementsPerMessage = 512;

    // Table user data is a list of (type, length, value); userspace skips types it does not know.
    private const byte FingerprintType = 0x6D;
    private const int FingerprintBytes = 16;

    /// <summary>Replaces the table by this one, or makes it.</summary>
    public static void Apply(NftTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var fingerprint = FingerprintOf(table);
        var names = new Dictionary<uint, string>();
        var batch = new NetlinkWriter();
        Begin(batch, BatchBegin, NetlinkFlags.Request, 0, BatchResource);
        // Making it first makes deleting safe whether or not it was there.
        WriteTable(batch, table.Name, userData: null);
        Begin(batch, DeleteTable, NetlinkFlags.Request | NetlinkFlags.Ack, FamilyInet).Text(1, table.Name);
        WriteTable(batch, table.Name, UserData(fingerprint.Hash));
        WriteContent(batch, table, names);
        Begin(batch, BatchEnd, NetlinkFlags.Request, 0, BatchResource);
        using var socket = NetlinkSocket.Open(NetlinkSocket.Netfilter);
        var outcome = socket.Transact(batch);
        if (outcome.Error == Errno.None) return;
        throw new LinuxException($"nftables table {table.Name}: {names.GetValueOrDefault(outcome.Sequence, "transaction")}", outcome.Error);
    }

    /// <summary>Removes the table; one that is not there is fine.</summary>
    public static void Remove(string table)
    {
        var batch = new NetlinkWriter();
        Begin(batch, BatchBegin, NetlinkFlags.Request, 0, BatchResource);
        WriteTable(batch, table, userData: null);
        Begin(batch, DeleteTable, NetlinkFlags.Request | NetlinkFlags.Ack, FamilyInet).Text(1, table);
        Begin(batch, BatchEnd, NetlinkFlags.Request, 0, BatchResource);
        using var socket = NetlinkSocket.Open(NetlinkSocket.Netfilter);
        var outcome = socket.Transact(batch);
        if (outcome.Error is not (Errno.None or Errno.NotFound)) throw new LinuxException($"removal of nftables table {table}", outcome.Error);
    }

    /// <summary>What an intact copy of this table would show.</summary>
    public static NftFingerprint FingerprintOf(NftTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var content = new NetlinkWriter();
        WriteTable(content, table.Name, userData: null);
        WriteContent(content, table, []);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content.Finish(), hash);
        var rules = 0;
        foreach (var chain in table.Chains) rules += chain.Rules.Count;
        return new NftFingerprint(BinaryPrimitives.ReadUInt128BigEndian(hash), table.Chains.Count, rules);
    }

    /// <summary>What the kernel has under this name; null when there is no such table.</summary>
    public static NftFingerprint? Read(string table)
    {
        using var socket = NetlinkSocket.Open(NetlinkSocket.Netfilter);
        UInt128? hash = null;
        Check(socket.Dump(() => Query(GetTable), (_, payload) => hash = HashOf(payload, table) ?? hash, () => hash = null));
        if (hash is not { } known) return null;
        var (chains, rules) = (0, 0);
        Check(socket.Dump(() => Query(GetChain), (_, payload) => chains += BelongsTo(payload, table) ? 1 : 0, () => chains = 0));
        Check(socket.Dump(() => Query(GetRule), (_, payload) => rules += BelongsTo(payload, table) ? 1 : 0, () => rules = 0));
        return new NftFingerprint(known, chains, rules);

        static void Check(Errno error)
        {
            if (error != Errno.None) throw new LinuxException("nftables dump", error);
        }
    }

    private static ReadOnlySpan<byte> BatchResource => [0, 10]; // NFNL_SUBSYS_NFTABLES in network order.

    private static NetlinkWriter Query(int type) => Begin(new NetlinkWriter(), type, NetlinkFlags.Request | NetlinkFlags.Dump, FamilyInet);

    private static NetlinkWriter Begin(NetlinkWriter writer, int type, NetlinkFlags flags, byte family, ReadOnlySpan<byte> resource = default)
    {
        Span<byte> header = [family, 0, 0, 0];
        resource.CopyTo(header[2..]);
        return writer.Begin(type, flags).Raw(header);
    }

    private static void WriteTable(NetlinkWriter batch, string name, byte[]? userData)
    {
        Begin(batch, NewTable, NetlinkFlags.Request | NetlinkFlags.Ack | NetlinkFlags.Create, FamilyInet).Text(1, name).UInt32BigEndian(2, 0);
        if (userData is not null) batch.Bytes(6, userData);
    }

    private static void WriteContent(NetlinkWriter batch, NftTable table, Dictionary<uint, string> names)
    {
        foreach (var set in table.Sets) WriteSet(batch, table, set, names);
        foreach (var chain in table.Chains)
        {
            Begin(batch, NewChain, NetlinkFlags.Request | NetlinkFlags.Ack | NetlinkFlags.Create, FamilyInet).Text(1, table.Name).Text(3, chain.Name);
            var hook = batch.BeginNest(4);
            batch.UInt32BigEndian(1, (uint)chain.Hook).UInt32BigEndian(2, (uint)chain.Priority).EndNest(hook);
            batch.Text(7, TypeOf(chain.Type));
            names[batch.Sequence] = $"chain {chain.Name}";
            foreach (var rule in chain.Rules) WriteRule(batch, table, chain, rule, names);
        }
    }

    private static void WriteRule(NetlinkWriter batch, NftTable table, NftChain chain, NftRule rule, Dictionary<uint, string> names)
    {
        const NetlinkFlags flags = NetlinkFlags.Request | NetlinkFlags.Ack | NetlinkFlags.Create | NetlinkFlags.Append;
        Begin(batch, NewRule, flags, FamilyInet).Text(1, table.Name).Text(2, chain.Name);
        var expressions = batch.BeginNest(4);
        batch.Raw(rule.Expressions).EndNest(expressions);
        names[batch.Sequence] = $"rule '{rule}' of {chain.Name}";
    }

    private static void WriteSet(NetlinkWriter batch, NftTable table, NftSet set, Dictionary<uint, string> names)
    {
        const NetlinkFlags flags = NetlinkFlags.Request | NetlinkFlags.Ack | NetlinkFlags.Create;
        Begin(batch, NewSet, flags, FamilyInet)
            .Text(1, table.Name)
            .Text(2, set.Name)
            .UInt32BigEndian(3, 0)
            .UInt32BigEndian(4, set.V6 ? TypeIpv6 : (uint)TypeIpv4)
            .UInt32BigEndian(5, set.V6 ? 16u : 4u)
            .UInt32BigEndian(10, (uint)(names.Count + 1));
        names[batch.Sequence] = $"set {set.Name}";
        for (var at = 0; at < set.Addresses.Count; at += ElementsPerMessage)
        {
            Begin(batch, NewSetElement, flags, FamilyInet).Text(1, table.Name).Text(2, set.Name);
            names[batch.Sequence] = $"addresses of {set.Name}";
            var elements = batch.BeginNest(3);
            for (var i = at; i < Math.Min(at + ElementsPerMessage, set.Addresses.Count); i++)
            {
                var element = batch.BeginNest(1);
                var key = batch.BeginNest(1);
                batch.Bytes(1, set.Addresses[i].GetAddressBytes()).EndNest(key).EndNest(element);
            }

            batch.EndNest(elements);
        }
    }

    private static byte[] UserData(UInt128 hash)
    {
        var bytes = new byte[2 + FingerprintBytes];
        (bytes[0], bytes[1]) = (FingerprintType, FingerprintBytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(2), hash);
        return bytes;
    }

    /// <summary>The hash a table carries, zero when it carries none; null when the message is about another table.</summary>
    private static UInt128? HashOf(ReadOnlySpan<byte> payload, string table)
    {
        var isOurs = false;
        var hash = UInt128.Zero;
        var attributes = new NetlinkAttributes(payload[HeaderBytes..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type == 1) isOurs = NetlinkAttributes.Text(value) == table;
            if (type == 6 && value.Length == 2 + FingerprintBytes && value[0] == FingerprintType) hash = BinaryPrimitives.ReadUInt128BigEndian(value[2..]);
        }

        return isOurs ? hash : null;
    }

    private static bool BelongsTo(ReadOnlySpan<byte> payload, string table)
    {
        // The table's name is attribute 1 of chains and of rules alike.
        var attributes = new NetlinkAttributes(payload[HeaderBytes..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type == 1) return NetlinkAttributes.Text(value) == table;
        }

        return false;
    }

    private static string TypeOf(NftChainType type) => type switch
    {
        NftChainType.Filter => "filter",
        NftChainType.Route => "route",
        NftChainType.Nat => "nat",
    };
}
