using System.Globalization;

namespace Mesh.Model;

/// <summary>A transport address; IPv6 is written in brackets.</summary>
public readonly record struct IpPort(Ip Address, ushort Port) : ISpanFormattable
{
    /// <summary>Reads <c>10.1.2.3:80</c> or <c>[fd00::1]:80</c>; null when it is anything else, such as a host name.</summary>
    public static IpPort? TryParse(ReadOnlySpan<char> text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return null;
        var host = text[..colon];
        var bracketed = host[0] == '[' && host[^1] == ']';
        if (bracketed) host = host[1..^1];
        return Ip.TryParse(host, out var ip) && bracketed == host.Contains(':') ? new IpPort(ip, port) : null;
    }

    public override string ToString()
    {
        Span<char> text = stackalloc char[56];
        TryFormat(text, out var written, default, null);
        return text[..written].ToString();
    }

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        charsWritten = 0;
        var at = 0;
        var isV6 = !Address.IsV4;
        if (isV6 && !Put(destination, ref at, '[')) return false;
        if (!Address.TryFormat(destination[at..], out var written)) return false;
        at += written;
        if (isV6 && !Put(destination, ref at, ']')) return false;
        if (!Put(destination, ref at, ':')) return false;
        if (!Port.TryFormat(destination[at..], out written, default, CultureInfo.InvariantCulture)) return false;
        charsWritten = at + written;
        return true;
    }

    private static bool Put(Span<char> destination, ref int at, char letter)
    {
        if (at >= destination.Length) return false;
        destination[at++] = letter;
        return true;
    }
}
