using System.Buffers.Binary;

namespace Mesh.Dns;

/// <summary>The first twelve bytes of a message.</summary>
// | id 16 | QR 1, opcode 4, AA, TC, RD, RA, Z, AD, CD, rcode 4 | questions 16 | answers 16 | authorities 16 | additionals 16 |
public readonly record struct DnsHeader(ushort Id, DnsFlags Flags, ushort Questions, ushort Answers, ushort Authorities, ushort Additionals)
{
    public const int Size = 12;

    /// <summary>Where the kind of request stands in the flags.</summary>
    public const DnsFlags OpcodeBits = (DnsFlags)0x7800;

    /// <summary>Where the response code stands in the flags.</summary>
    public const DnsFlags ResponseCodeBits = (DnsFlags)0x000F;
    private const int OpcodeShift = 11;

    public bool IsResponse => (Flags & DnsFlags.Response) != DnsFlags.None;

    public bool IsTruncated => (Flags & DnsFlags.Truncated) != DnsFlags.None;

    /// <summary>Zero is a query.</summary>
    public int Opcode => (int)(Flags & OpcodeBits) >> OpcodeShift;

    public DnsResponseCode ResponseCode => (DnsResponseCode)(Flags & ResponseCodeBits);

    /// <summary>False when there are fewer bytes than a header has.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsHeader header)
    {
        header = default;
        if (message.Length < Size) return false;
        header = new DnsHeader(
            BinaryPrimitives.ReadUInt16BigEndian(message),
            (DnsFlags)BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[6..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[10..]));
        return true;
    }

    public void Write(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt16BigEndian(into, Id);
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt16BigEndian(into[4..], Questions);
        BinaryPrimitives.WriteUInt16BigEndian(into[6..], Answers);
        BinaryPrimitives.WriteUInt16BigEndian(into[8..], Authorities);
        BinaryPrimitives.WriteUInt16BigEndian(into[10..], Additionals);
    }
}
