using System.Globalization;

namespace Mesh.Model.Decisions;

/// <summary>The destination of a CONNECT: an address and port, or a host name and port.</summary>
public readonly record struct Authority(IpPort? Address, string Hostname, ushort Port)
{
    /// <summary>Longest accepted text in characters: a DNS name, a colon and a port.</summary>
    public const int LengthMax = 253 + 6;

    public static Authority? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > LengthMax) return null;
        if (IpPort.TryParse(text) is { } address) return new Authority(address, "", address.Port);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return null;
        var host = text[..colon];
        return IsHostname(host) ? new Authority(null, host, port) : null;
    }

    private static bool IsHostname(string host)
    {
        var hasLetter = false;
        foreach (var c in host)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '*')) return false;
            hasLetter |= char.IsAsciiLetter(c);
        }

        return hasLetter; // "10.1.2" is neither a name nor an address.
    }
}
