using System.Buffers.Binary;
using Mesh.Dns;

namespace Mesh.Ztunnel.Dns;

/// <summary>One question for a name server; equal ones share an answer. A view, used during a call.</summary>
internal readonly ref struct DnsAsk(ReadOnlySpan<byte> name, DnsType type, ushort questionClass, DnsFlags flags, DnsEdns? edns, DnsAsker asker)
{
    /// <summary>Longest key: the name, type, class and one byte of flags.</summary>
    public const int KeyBytesMax = DnsName.WireBytesMax + 5;

    /// <summary>What of a client's flags goes along and so tells answers apart.</summary>
    private const DnsFlags Kept = DnsFlags.RecursionDesired | DnsFlags.AuthenticData | DnsFlags.CheckingDisabled;

    /// <summary>Answers of this size pass every network unfragmented (DNS flag day 2020).</summary>
    private const ushort PayloadBytes = 1232;
    private const int EdnsMark = 0x01;
    private const int SignaturesMark = 0x80;

    public ReadOnlySpan<byte> Name { get; } = name;

    public DnsType Type { get; } = type;

    public ushort Class { get; } = questionClass;

    public DnsFlags Flags { get; } = flags & Kept;

    /// <summary>Null when the client did not speak EDNS, for then the answer must not either.</summary>
    public DnsEdns? Edns { get; } = edns is { } given ? new DnsEdns(PayloadBytes, 0, given.WantsSignatures) : null;

    public DnsAsker Asker { get; } = asker;

    public static DnsAsk From(in DnsQuery query, DnsAsker asker) => new(query.Name, query.Type, query.Class, query.Header.Flags, query.Edns, asker);

    /// <summary>Writes what tells this question from others; its length.</summary>
    public int WriteKey(Span<byte> into)
    {
        DnsName.WriteLower(Name, into);
        var at = Name.Length;
        BinaryPrimitives.WriteUInt16BigEndian(into[at..], (ushort)Type);
        BinaryPrimitives.WriteUInt16BigEndian(into[(at + 2)..], Class);
        // The kept flags are bits 8, 5 and 4: they fit a byte with the two marks.
        into[at + 4] = (byte)(((int)Flags >> 3) | (Edns is null ? 0 : EdnsMark) | (Edns is { WantsSignatures: true } ? SignaturesMark : 0));
        return at + 5;
    }
}
