using System.Buffers.Binary;
using Mesh.Dns;
using Mesh.Model;

namespace Mesh.Ztunnel.Dns;

/// <summary>How answers are written. Pure: bytes in, bytes out; the span's length is the longest answer the client takes.</summary>
internal static class DnsAnswers
{
    /// <summary>The mesh changes quickly, and asking again costs little.</summary>
    public const uint TtlSeconds = 30;
    private const int AddressBytesMax = 16;

    /// <summary>A refusal, with the question if it could be read.</summary>
    public static int WriteError(in DnsQuery query, DnsResponseCode code, Span<byte> into)
    {
        var writer = new DnsWriter(into, query.Header.Id, Flags(query) | ((DnsFlags)code & DnsHeader.ResponseCodeBits));
        if (!query.Name.IsEmpty) writer.TryQuestion(query.Name, query.Type, query.Class);
        if (query.Edns is { } edns) writer.TryOpt(Echo(edns), code);
        return writer.Finish();
    }

    /// <summary>The mesh's own answer; no addresses is an answer, too. What does not fit is left out and said so.</summary>
    public static int WriteAddresses(in DnsQuery query, int keptChars, ReadOnlySpan<Ip> addresses, bool isTcp, Span<byte> into)
    {
        var writer = new DnsWriter(into, query.Header.Id, Flags(query) | DnsFlags.Authoritative);
        if (query.Edns is not null) writer.ReserveOpt();
        writer.TryQuestion(query.Name, query.Type, query.Class);
        var owner = DnsWriter.QuestionName;
        var fits = true;
        if (keptChars > 0)
        {
            // A label's dot is its length octet on the wire, so what is kept is one octet longer, and the root.
            Span<byte> target = stackalloc byte[DnsName.WireBytesMax];
            query.Name[..(keptChars + 1)].CopyTo(target);
            target[keptChars + 1] = 0;
            fits = writer.TryAlias(owner, TtlSeconds, target[..(keptChars + 2)], out var place);
            if (fits) owner = place;
        }

        Span<byte> bytes = stackalloc byte[AddressBytesMax];
        for (var i = 0; fits && i < addresses.Length; i++)
        {
            var bits = addresses[i].ToBits();
            var length = addresses[i].IsV4 ? sizeof(uint) : AddressBytesMax;
            if (addresses[i].IsV4) BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)bits);
            else BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
            fits = writer.TryAddress(owner, TtlSeconds, bytes[..length]);
        }

        if (!fits && !isTcp) writer.MarkTruncated(); // Over TCP there is no more room to hope for.
        if (query.Edns is { } edns) writer.TryOpt(Echo(edns));
        return writer.Finish();
    }

    /// <summary>A name server's answer as this client must see it: its own id, its own spelling of the name, times by now, and no more than it takes.</summary>
    public static int WriteReply(in DnsQuery query, ReadOnlySpan<byte> reply, uint ageSeconds, Span<byte> into)
    {
        if (reply.Length > into.Length)
        {
            DnsHeader.TryRead(reply, out var header);
            var writer = new DnsWriter(into, query.Header.Id, header.Flags | DnsFlags.Truncated);
            writer.TryQuestion(query.Name, query.Type, query.Class);
            if (query.Edns is { } edns) writer.TryOpt(Echo(edns));
            return writer.Finish();
        }

        var answer = into[..reply.Length];
        reply.CopyTo(answer);
        BinaryPrimitives.WriteUInt16BigEndian(answer, query.Header.Id);
        query.Name.CopyTo(answer[DnsHeader.Size..]);
        if (ageSeconds > 0) DnsReply.Age(answer, ageSeconds);
        return reply.Length;
    }

    private static DnsFlags Flags(in DnsQuery query) =>
        DnsFlags.Response | DnsFlags.RecursionAvailable | (query.Header.Flags & (DnsHeader.OpcodeBits | DnsFlags.RecursionDesired));

    private static DnsEdns Echo(DnsEdns edns) =>
        new((ushort)Math.Max(DnsEdns.PayloadBytesMin, (int)edns.PayloadBytes), 0, edns.WantsSignatures);
}
