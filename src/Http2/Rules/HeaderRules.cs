using System.Buffers;

namespace Mesh.Http2.Rules;

/// <summary>RFC 9113, 8.2, 8.3 and 8.5: what requests, responses and trailers must look like. Pure.</summary>
internal static class HeaderRules
{
    [Flags]
    private enum Pseudo
    {
        None = 0,
        Method = 1,
        Scheme = 2,
        Authority = 4,
        Path = 8,
        Status = 16,
    }

    // 8.2.1 forbids 0x00-0x20, upper case, 0x7f-0xff and the colon; the token rule of RFC 9110 is stricter, and what peers follow.
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);
    private static readonly SearchValues<byte> ForbiddenValueBytes = SearchValues.Create("\0\r\n"u8);

    public static HeaderVerdict CheckRequest(HeaderFields fields, out bool isConnect)
    {
        isConnect = false;
        var verdict = CheckFields(fields, Pseudo.Method | Pseudo.Scheme | Pseudo.Authority | Pseudo.Path, out var seen);
        if (verdict != HeaderVerdict.WellFormed) return verdict;
        if ((seen & Pseudo.Method) == Pseudo.None) return HeaderVerdict.PseudoMissing;
        var method = fields.Method;
        if (method.IsEmpty) return HeaderVerdict.ValueInvalid;
        isConnect = method.SequenceEqual("CONNECT"u8);
        if (isConnect)
        {
            if ((seen & (Pseudo.Scheme | Pseudo.Path)) != Pseudo.None) return HeaderVerdict.PseudoForbidden;
            return fields.Authority.IsEmpty ? HeaderVerdict.PseudoMissing : HeaderVerdict.WellFormed;
        }

        if ((seen & (Pseudo.Scheme | Pseudo.Path)) != (Pseudo.Scheme | Pseudo.Path)) return HeaderVerdict.PseudoMissing;
        return fields.Path.IsEmpty || fields.Scheme.IsEmpty ? HeaderVerdict.ValueInvalid : HeaderVerdict.WellFormed;
    }

    public static HeaderVerdict CheckResponse(HeaderFields fields)
    {
        var verdict = CheckFields(fields, Pseudo.Status, out var seen);
        if (verdict != HeaderVerdict.WellFormed) return verdict;
        if (seen != Pseudo.Status) return HeaderVerdict.PseudoMissing;
        _ = fields.Find(":status"u8, out var status);
        // 8.6: 101 does not exist here.
        return status.Length == 3 && !status.ContainsAnyExceptInRange((byte)'0', (byte)'9') && status[0] is >= (byte)'1' and <= (byte)'9'
            && fields.Status != 101
            ? HeaderVerdict.WellFormed
            : HeaderVerdict.StatusInvalid;
    }

    public static HeaderVerdict CheckTrailers(HeaderFields fields) => CheckFields(fields, Pseudo.None, out _);

    private static HeaderVerdict CheckFields(HeaderFields fields, Pseudo allowed, out Pseudo seen)
    {
        seen = Pseudo.None;
        var regular = false;
        foreach (var field in fields)
        {
            if (!IsValue(field.Value)) return HeaderVerdict.ValueInvalid;
            if (!field.IsPseudo)
            {
                regular = true;
                if (field.Name.IsEmpty || field.Name.ContainsAnyExcept(NameBytes)) return HeaderVerdict.NameInvalid;
                if (IsConnectionSpecific(field)) return HeaderVerdict.ConnectionSpecific;
                continue;
            }

            var pseudo = PseudoOf(field.Name);
            if (pseudo == Pseudo.None) return HeaderVerdict.PseudoUnknown;
            if ((allowed & pseudo) == Pseudo.None) return HeaderVerdict.PseudoForbidden;
            if (regular) return HeaderVerdict.PseudoAfterRegular;
            if ((seen & pseudo) != Pseudo.None) return HeaderVerdict.PseudoRepeated;
            seen |= pseudo;
        }

        return HeaderVerdict.WellFormed;
    }

    private static bool IsValue(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return true;
        return !value.ContainsAny(ForbiddenValueBytes) && !IsBlank(value[0]) && !IsBlank(value[^1]);
    }

    private static bool IsBlank(byte octet) => octet is (byte)' ' or (byte)'\t';

    // 8.2.2: they belong to one HTTP/1 hop.
    private static bool IsConnectionSpecific(in HeaderField field) => field.Name.Length switch
    {
        2 => field.Name.SequenceEqual("te"u8) && !field.Value.SequenceEqual("trailers"u8),
        7 => field.Name.SequenceEqual("upgrade"u8),
        10 => field.Name.SequenceEqual("connection"u8) || field.Name.SequenceEqual("keep-alive"u8),
        16 => field.Name.SequenceEqual("proxy-connection"u8),
        17 => field.Name.SequenceEqual("transfer-encoding"u8),
        _ => false,
    };

    private static Pseudo PseudoOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual(":path"u8) => Pseudo.Path,
        7 when name.SequenceEqual(":method"u8) => Pseudo.Method,
        7 when name.SequenceEqual(":scheme"u8) => Pseudo.Scheme,
        7 when name.SequenceEqual(":status"u8) => Pseudo.Status,
        10 when name.SequenceEqual(":authority"u8) => Pseudo.Authority,
        _ => Pseudo.None,
    };
}
