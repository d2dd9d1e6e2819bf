using System.Globalization;
using System.Net;

namespace Mesh.Model;

/// <summary>A transport address; IPv6 is written in brackets.</summary>
public readonly record struct IpPort(Ip Address, ushort Port)
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

    public IPEndPoint ToIPEndPoint() => new(Address.ToIPAddress(), Port);

    public override string ToString() => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}
