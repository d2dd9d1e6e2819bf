using System.Buffers.Binary;

namespace Mesh.Dns;

/// <summary>Builds one message in a span; what does not fit is not written, and the caller is told.</summary>
public ref struct DnsWriter
{
    /// <summary>Where the question's name stands, for records that point to it.</summary>
    public const int QuestionName = DnsHeader.Size;
    private const int PointerBytes = 2;
    private const int PointerTag = 0xC000;
    private const int FixedBytes = 10;
    private const int OptBytes = 11;
    private readonly Span<byte> _bytes;
    private DnsHeader _header;
    private int _at;
    private int _reserved;

    /// <summary>Begins a message of at most the span's length.</summary>
    public DnsWriter(Span<byte> bytes, ushort id, DnsFlags flags)
    {
        _bytes = bytes;
        _header = new DnsHeader(id, flags, 0, 0, 0, 0);
        _at = DnsHeader.Size;
    }

    public readonly int Length => _at;

    /// <summary>Keeps room at the end for the OPT record, however many records come before.</summary>
    public void ReserveOpt() => _reserved = OptBytes;

    public bool TryQuestion(scoped ReadOnlySpan<byte> name, DnsType type, ushort questionClass)
    {
        if (!Fits(name.Length + 4)) return false;
        name.CopyTo(_bytes[_at..]);
        _at += name.Length;
        Put16((ushort)type);
        Put16(questionClass);
        _header = _header with { Questions = 1 };
        return true;
    }

    /// <summary>An address whose owner's name stands at an earlier place.</summary>
    public bool TryAddress(int owner, uint ttlSeconds, scoped ReadOnlySpan<byte> address)
    {
        if (!Fits(PointerBytes + FixedBytes + address.Length)) return false;
        PutRecord(owner, address.Length == 4 ? DnsType.A : DnsType.Aaaa, ttlSeconds, address.Length);
        address.CopyTo(_bytes[_at..]);
        _at += address.Length;
        _header = _header with { Answers = (ushort)(_header.Answers + 1) };
        return true;
    }

    /// <summary>An alias; tells where the name it leads to stands.</summary>
    public bool TryAlias(int owner, uint ttlSeconds, scoped ReadOnlySpan<byte> target, out int targetOffset)
    {
        targetOffset = 0;
        if (!Fits(PointerBytes + FixedBytes + target.Length)) return false;
        PutRecord(owner, DnsType.Cname, ttlSeconds, target.Length);
        targetOffset = _at;
        target.CopyTo(_bytes[_at..]);
        _at += target.Length;
        _header = _header with { Answers = (ushort)(_header.Answers + 1) };
        return true;
    }

    public bool TryOpt(DnsEdns edns, DnsResponseCode code = DnsResponseCode.NoError)
    {
        _reserved = 0;
        if (!Fits(OptBytes)) return false;
        _bytes[_at++] = 0; // The root.
        Put16((ushort)DnsType.Opt);
        Put16(edns.PayloadBytes);
        Put32(((uint)code >> 4 << 24) | ((uint)edns.Version << 16) | (edns.WantsSignatures ? DnsEdns.SignaturesBit : 0));
        Put16(0);
        _header = _header with { Additionals = (ushort)(_header.Additionals + 1) };
        return true;
    }

    public void MarkTruncated() => _header = _header with { Flags = _header.Flags | DnsFlags.Truncated };

    /// <summary>Writes the header; the message's length.</summary>
    public readonly int Finish()
    {
        _header.Write(_bytes);
        return _at;
    }

    private readonly bool Fits(int more) => _at + more + _reserved <= _bytes.Length;

    private void PutRecord(int owner, DnsType type, uint ttlSeconds, int length)
    {
        Put16((ushort)(PointerTag | owner));
        Put16((ushort)type);
        Put16(DnsQuery.Internet);
        Put32(ttlSeconds);
        Put16((ushort)length);
    }

    private void Put16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[_at..], value);
        _at += 2;
    }

    private void Put32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes[_at..], value);
        _at += 4;
    }
}
