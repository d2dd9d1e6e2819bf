using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Options;

/// <summary>Where names are answered: an address and port, or <c>localhost:port</c> for both loopback addresses.</summary>
internal static class DnsListenAddress
{
    public const ushort DefaultPort = 15053;
    private const string Localhost = "localhost:";

    /// <summary>Null when the text is no such thing; the default for no text.</summary>
    public static ImmutableArray<InetEndpoint>? Parse(string? text)
    {
        if (text is null) return Loopback(DefaultPort);
        if (text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase))
        {
            return ushort.TryParse(text.AsSpan(Localhost.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? Loopback(port) : null;
        }

        // A port must be there: without a colon, or with the colons of an IPv6 address only, there is none.
        return IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port != 0 ? [InetEndpoint.From(endpoint)] : null;
    }

    private static ImmutableArray<InetEndpoint> Loopback(ushort port) => [InetEndpoint.LoopbackV4(port), InetEndpoint.LoopbackV6(port)];
}
