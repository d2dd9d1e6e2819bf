namespace Mesh.Dns;

/// <summary>
/// Names: on the wire labels with length octets and pointers back (RFC 1035, 3.1 and 4.1.4), expanded labels without pointers, as text dotted
/// and in lower case. Every loop is bounded by the 255 octets of a name and by pointers that only ever lead further back.
/// </summary>
public static class DnsName
{
    /// <summary>Longest expanded name, with the root's zero.</summary>
    public const int WireBytesMax = 255;

    /// <summary>Longest name as text, without a final dot.</summary>
    public const int TextCharsMax = 253;
    public const int LabelBytesMax = 63;
    private const int PointerBits = 0xC0;
    private const int PointerMask = 0x3FFF;

    /// <summary>Expands the name at an offset; false for anything that is no name. <paramref name="end"/> is where the next field begins.</summary>
    public static bool TryExpand(ReadOnlySpan<byte> message, int offset, Span<byte> into, out int length, out int end)
    {
        (length, end) = (0, 0);
        var (at, earliest) = (offset, offset);
        while (at < message.Length)
        {
            var size = message[at];
            if ((size & PointerBits) == PointerBits)
            {
                if (at + 1 >= message.Length) return false;
                if (end == 0) end = at + 2;
                at = ((size << 8) | message[at + 1]) & PointerMask;
                if (at < DnsHeader.Size || at >= earliest) return false; // Only back, and further each time: no circles.
                earliest = at;
                continue;
            }

            if (size > LabelBytesMax || at + 1 + size > message.Length) return false;
            if (length + 1 + size > Math.Min(WireBytesMax, into.Length)) return false;
            message.Slice(at, 1 + size).CopyTo(into[length..]);
            length += 1 + size;
            at += 1 + size;
            if (size != 0) continue;
            if (end == 0) end = at;
            return true;
        }

        return false;
    }

    /// <summary>Whether two expanded names are the same; letters of ASCII count alike in either case.</summary>
    public static bool AreSame(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.Length != second.Length) return false;
        for (var i = 0; i < first.Length; i++)
        {
            if (Lower(first[i]) != Lower(second[i])) return false; // Length octets are below the letters.
        }

        return true;
    }

    /// <summary>Writes the expanded name in lower case, for use as a key.</summary>
    public static void WriteLower(ReadOnlySpan<byte> name, Span<byte> into)
    {
        for (var i = 0; i < name.Length; i++) into[i] = Lower(name[i]);
    }

    /// <summary>The expanded name as lower-case text; false when a label holds what a host name cannot, or for the root.</summary>
    public static bool TryToText(ReadOnlySpan<byte> name, Span<char> into, out int length)
    {
        length = 0;
        var at = 0;
        while (at < name.Length && name[at] != 0)
        {
            if (length > 0 && !Put(into, ref length, '.')) return false;
            foreach (var octet in name.Slice(at + 1, name[at]))
            {
                if (!IsHostOctet(octet) || !Put(into, ref length, (char)Lower(octet))) return false;
            }

            at += 1 + name[at];
        }

        return length > 0;
    }

    /// <summary>Text as an expanded name; a final dot may be there. False when it is no host name.</summary>
    public static bool TryFromText(ReadOnlySpan<char> text, Span<byte> into, out int length)
    {
        length = 0;
        if (text.EndsWith('.')) text = text[..^1];
        if (text.IsEmpty || text.Length > TextCharsMax || into.Length < text.Length + 2) return false;
        while (true)
        {
            var dot = text.IndexOf('.');
            var label = dot < 0 ? text : text[..dot];
            if (label.IsEmpty || label.Length > LabelBytesMax) return false;
            into[length++] = (byte)label.Length;
            foreach (var letter in label)
            {
                if (letter > 0x7F || !IsHostOctet((byte)letter)) return false;
                into[length++] = (byte)letter;
            }

            if (dot < 0) break;
            text = text[(dot + 1)..];
        }

        into[length++] = 0;
        return true;
    }

    /// <summary>The expanded name for a person, with anything unusual as <c>\ddd</c>.</summary>
    public static string Describe(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[4 * WireBytesMax];
        var length = 0;
        for (var at = 0; at < name.Length && name[at] != 0 && at + name[at] < name.Length; at += 1 + name[at])
        {
            foreach (var octet in name.Slice(at + 1, name[at]))
            {
                if (IsHostOctet(octet))
                {
                    text[length++] = (char)octet;
                    continue;
                }

                text[length++] = '\\';
                octet.TryFormat(text[length..], out var digits, "000", System.Globalization.CultureInfo.InvariantCulture);
                length += digits;
            }

            text[length++] = '.';
        }

        return length == 0 ? "." : text[..length].ToString();
    }

    private static byte Lower(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;

    /// <summary>Letters, digits, hyphen, and the underscore and star that names of services and wildcards have.</summary>
    private static bool IsHostOctet(byte octet) => octet is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z')
        or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_' or (byte)'*';

    private static bool Put(Span<char> into, ref int at, char letter)
    {
        if (at >= into.Length) return false;
        into[at++] = letter;
        return true;
    }
}
