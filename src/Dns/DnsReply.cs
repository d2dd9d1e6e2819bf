using System.Buffers.Binary;

namespace Mesh.Dns;

/// <summary>A name server's answer to one question, checked against that question, as a view of its bytes.</summary>
public readonly ref struct DnsReply
{
    private readonly ReadOnlySpan<byte> _message;
    private readonly int _records;

    private DnsReply(ReadOnlySpan<byte> message, DnsHeader header, int records)
    {
        _message = message;
        Header = header;
        _records = records;
    }

    public DnsHeader Header { get; }

    public DnsRecordReader Records => new(_message, Header, _records);

    /// <summary>Reads an answer; the id, the question and every record must be right.</summary>
    public static DnsReplyRead TryRead(
        ReadOnlySpan<byte> message, ushort id, ReadOnlySpan<byte> name, DnsType type, ushort questionClass, out DnsReply reply)
    {
        reply = default;
        if (!DnsHeader.TryRead(message, out var header) || header.Id != id || !header.IsResponse || header.Opcode != 0) return DnsReplyRead.Foreign;
        Span<byte> asked = stackalloc byte[DnsName.WireBytesMax];
        if (header.Questions != 1 || !DnsName.TryExpand(message, DnsHeader.Size, asked, out var length, out var at)) return DnsReplyRead.Foreign;
        if (at + 4 > message.Length || !DnsName.AreSame(asked[..length], name)) return DnsReplyRead.Foreign;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[at..]) != (ushort)type) return DnsReplyRead.Foreign;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]) != questionClass) return DnsReplyRead.Foreign;
        reply = new DnsReply(message, header, at + 4);
        if (header.IsTruncated) return DnsReplyRead.Truncated; // Where the cut fell does not matter.
        var records = reply.Records;
        while (records.TryNext(out _))
        {
            // Only to know that they can be read.
        }

        return records.IsMalformed ? DnsReplyRead.Malformed : DnsReplyRead.Complete;
    }

    /// <summary>
    /// For how long it may be remembered: the shortest time of its records, and for an answer of nothing what the zone says (RFC 2308, 5).
    /// Zero: not at all.
    /// </summary>
    public uint LifetimeSeconds()
    {
        if (Header.ResponseCode is not (DnsResponseCode.NoError or DnsResponseCode.NameError)) return 0;
        uint? shortest = null;
        uint? negative = null;
        var answers = 0;
        var records = Records;
        while (records.TryNext(out var record))
        {
            if (record.Type == DnsType.Opt) continue; // Its time to live is none.
            shortest = Math.Min(shortest ?? uint.MaxValue, Signed(record.TtlSeconds));
            if (record.Section == DnsSection.Answer && record.Type != DnsType.Cname) answers++;
            if (record.Section == DnsSection.Authority && record.Type == DnsType.Soa) negative = NegativeOf(record);
        }

        if (Header.ResponseCode == DnsResponseCode.NoError && answers > 0) return shortest ?? 0;
        return negative is { } zone ? Math.Min(zone, shortest ?? zone) : 0;
    }

    /// <summary>The addresses that the name of the question leads to, following aliases in order; how many were written.</summary>
    public int CollectAddresses(ReadOnlySpan<byte> name, DnsType type, Span<UInt128> into)
    {
        Span<byte> current = stackalloc byte[DnsName.WireBytesMax];
        Span<byte> owner = stackalloc byte[DnsName.WireBytesMax];
        name.CopyTo(current);
        var (currentLength, count) = (name.Length, 0);
        var records = Records;
        while (records.TryNext(out var record) && record.Section == DnsSection.Answer)
        {
            if (record.Class != DnsQuery.Internet || !DnsName.TryExpand(_message, record.Start, owner, out var ownerLength, out _)) continue;
            if (!DnsName.AreSame(owner[..ownerLength], current[..currentLength])) continue;
            var data = record.DataOf(_message);
            if (record.Type == DnsType.Cname && DnsName.TryExpand(_message, record.DataOffset, owner, out var targetLength, out _))
            {
                owner[..targetLength].CopyTo(current);
                currentLength = targetLength;
            }
            else if (record.Type == type && count < into.Length && data.Length == (type == DnsType.A ? 4 : 16))
            {
                into[count++] = type == DnsType.A ? BinaryPrimitives.ReadUInt32BigEndian(data) : BinaryPrimitives.ReadUInt128BigEndian(data);
            }
        }

        return count;
    }

    /// <summary>Takes from every record's time what went by since it came. For a message that was read as <see cref="DnsReplyRead.Complete"/>.</summary>
    public static void Age(Span<byte> message, uint seconds)
    {
        Span<byte> name = stackalloc byte[DnsName.WireBytesMax];
        if (!DnsHeader.TryRead(message, out var header) || !DnsName.TryExpand(message, DnsHeader.Size, name, out _, out var at)) return;
        var records = new DnsRecordReader(message, header, at + 4);
        while (records.TryNext(out var record))
        {
            if (record.Type == DnsType.Opt) continue;
            var ttl = Signed(record.TtlSeconds);
            BinaryPrimitives.WriteUInt32BigEndian(message[record.TtlOffset..], ttl > seconds ? ttl - seconds : 0);
        }
    }

    /// <summary>A time with the highest bit set is zero (RFC 2181, 8).</summary>
    private static uint Signed(uint ttlSeconds) => ttlSeconds > int.MaxValue ? 0 : ttlSeconds;

    /// <summary>The last field of the start of authority, and its own time: whichever is shorter.</summary>
    private uint NegativeOf(DnsRecord record) => record.DataLength < 4
        ? 0
        : Math.Min(Signed(record.TtlSeconds), Signed(BinaryPrimitives.ReadUInt32BigEndian(record.DataOf(_message)[^4..])));
}
