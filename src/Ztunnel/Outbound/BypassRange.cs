using Mesh.Model;

namespace Mesh.Ztunnel.Outbound;

/// <summary>Addresses and ports that the mesh has nothing to do with.</summary>
internal readonly record struct BypassRange(Ip Address, int PrefixLength, ushort FirstPort, ushort LastPort)
{
    public bool Covers(IpPort destination) =>
        destination.Port >= FirstPort && destination.Port <= LastPort && destination.Address.IsWithin(Address, PrefixLength);

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>203.0.113.0/24:443</c>, <c>2001:db8::/32:8000-8100</c> and <c>*:5432</c> (both families).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, List<BypassRange> into)
    {
        ushort first = 0, last = ushort.MaxValue;
        // An IPv6 address has colons too, so ports stand behind the prefix length only.
        var slash = text.IndexOf('/');
        var rest = slash < 0 ? text : text[(slash + 1)..];
        var colon = rest.IndexOf(':');
        if (colon >= 0 && !TryParsePorts(rest[(colon + 1)..], out first, out last)) return false;
        if (colon >= 0) rest = rest[..colon];
        if (slash < 0)
        {
            if (rest is not "*" || colon < 0) return false; // Everything everywhere is not a bypass, it is no mesh.
            into.Add(new BypassRange(Ip.FromV4(0), 0, first, last));
            into.Add(new BypassRange(default, 0, first, last));
            return true;
        }

        if (!Ip.TryParse(text[..slash], out var address) || !byte.TryParse(rest, System.Globalization.NumberStyles.None, null, out var bits)) return false;
        if (bits > (address.IsV4 ? 32 : 128)) return false;
        into.Add(new BypassRange(address, bits, first, last));
        return true;
    }

    private static bool TryParsePorts(ReadOnlySpan<char> text, out ushort first, out ushort last)
    {
        var dash = text.IndexOf('-');
        last = 0;
        if (!ushort.TryParse(dash < 0 ? text : text[..dash], System.Globalization.NumberStyles.None, null, out first) || first == 0) return false;
        last = first;
        return dash < 0 || (ushort.TryParse(text[(dash + 1)..], System.Globalization.NumberStyles.None, null, out last) && last >= first);
    }
}
