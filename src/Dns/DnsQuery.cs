using System.Buffers.Binary;

namespace Mesh.Dns;

/// <summary>A request with one question, as a view of its bytes.</summary>
public readonly ref struct DnsQuery
{
    /// <summary>The class of the internet, the only one in use.</summary>
    public const ushort Internet = 1;

    private DnsQuery(DnsHeader header, ReadOnlySpan<byte> name, DnsType type, ushort questionClass, DnsEdns? edns)
    {
        Header = header;
        Name = name;
        Type = type;
        Class = questionClass;
        Edns = edns;
    }

    public DnsHeader Header { get; }

    /// <summary>The name as it was asked, expanded; empty when the question could not be read.</summary>
    public ReadOnlySpan<byte> Name { get; }

    public DnsType Type { get; }

    public ushort Class { get; }

    public DnsEdns? Edns { get; }

    /// <summary>How long an answer over UDP may be.</summary>
    public int PayloadBytesMax => Math.Max(DnsEdns.PayloadBytesMin, (int)(Edns?.PayloadBytes ?? 0));

    /// <summary>Reads a request; whatever the outcome, the header is there unless it is to be ignored.</summary>
    public static DnsQueryRead TryRead(ReadOnlySpan<byte> message, out DnsQuery query)
    {
        query = default;
        if (!DnsHeader.TryRead(message, out var header)) return DnsQueryRead.Ignore;
        query = new DnsQuery(header, [], DnsType.None, 0, null);
        if (header.IsResponse) return DnsQueryRead.FormatError;
        if (header.Opcode != 0) return DnsQueryRead.NotImplemented;
        if (header.Questions != 1) return DnsQueryRead.FormatError;

        Span<byte> name = stackalloc byte[DnsName.WireBytesMax];
        if (!DnsName.TryExpand(message, DnsHeader.Size, name, out var length, out var at) || at + 4 > message.Length) return DnsQueryRead.FormatError;
        // Nothing stands before the question that it could point to, so its bytes are the expanded name.
        var asked = message.Slice(DnsHeader.Size, length);
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        var questionClass = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        query = new DnsQuery(header, asked, type, questionClass, null);

        var records = new DnsRecordReader(message, header, at + 4);
        DnsEdns? edns = null;
        while (records.TryNext(out var record))
        {
            if (record.Type != DnsType.Opt) continue;
            if (edns is not null || record.Section != DnsSection.Additional || message[record.Start] != 0) return DnsQueryRead.FormatError;
            edns = new DnsEdns(record.Class, (byte)(record.TtlSeconds >> 16), (record.TtlSeconds & DnsEdns.SignaturesBit) != 0);
        }

        if (records.IsMalformed) return DnsQueryRead.FormatError;
        query = new DnsQuery(header, asked, type, questionClass, edns);
        return edns is { Version: not 0 } ? DnsQueryRead.BadVersion : DnsQueryRead.Complete;
    }
}
