namespace Mesh.Dns;

/// <summary>One resource record, as places in its message (RFC 1035, 4.1.3).</summary>
public readonly record struct DnsRecord(
    DnsSection Section, int Start, DnsType Type, ushort Class, uint TtlSeconds, int TtlOffset, int DataOffset, int DataLength)
{
    public int End => DataOffset + DataLength;

    public ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> message) => message.Slice(DataOffset, DataLength);
}
