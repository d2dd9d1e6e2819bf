using System.Buffers.Binary;

namespace Mesh.Dns;

/// <summary>Walks the records of a message in order; ends early, and says so, at the first that is not whole.</summary>
public ref struct DnsRecordReader
{
    // type 16, class 16, ttl 32, length 16
    private const int FixedBytes = 10;
    private readonly ReadOnlySpan<byte> _message;
    private readonly DnsHeader _header;
    private int _at;
    private int _read;

    /// <param name="message">The whole message, for names point back into it.</param>
    /// <param name="header">Its header, which tells how many records each section has.</param>
    /// <param name="offset">Where the first record stands: the end of the questions.</param>
    public DnsRecordReader(ReadOnlySpan<byte> message, DnsHeader header, int offset)
    {
        _message = message;
        _header = header;
        _at = offset;
    }

    /// <summary>A record was announced that is not there or makes no sense.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Where the next record would stand.</summary>
    public readonly int Offset => _at;

    public bool TryNext(out DnsRecord record)
    {
        record = default;
        if (IsMalformed || _read >= _header.Answers + _header.Authorities + _header.Additionals) return false;
        Span<byte> name = stackalloc byte[DnsName.WireBytesMax];
        if (!DnsName.TryExpand(_message, _at, name, out _, out var fields) || fields + FixedBytes > _message.Length) return Fail();
        var length = BinaryPrimitives.ReadUInt16BigEndian(_message[(fields + 8)..]);
        if (fields + FixedBytes + length > _message.Length) return Fail();
        record = new DnsRecord(
            SectionOf(_read),
            _at,
            (DnsType)BinaryPrimitives.ReadUInt16BigEndian(_message[fields..]),
            BinaryPrimitives.ReadUInt16BigEndian(_message[(fields + 2)..]),
            BinaryPrimitives.ReadUInt32BigEndian(_message[(fields + 4)..]),
            fields + 4,
            fields + FixedBytes,
            length);
        _at = record.End;
        _read++;
        return true;
    }

    private readonly DnsSection SectionOf(int index) =>
        index < _header.Answers ? DnsSection.Answer : index < _header.Answers + _header.Authorities ? DnsSection.Authority : DnsSection.Additional;

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }
}
