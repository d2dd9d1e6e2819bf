using System.Net;

namespace Mesh.Cni.Plugin;

/// <summary>One address a plugin before us gave the pod.</summary>
internal readonly record struct PodAddress(IPAddress Address, int PrefixLength, IPAddress? Gateway)
{
    /// <summary>Reads "10.0.0.5/24".</summary>
    public static bool TryParse(string? text, string? gateway, out PodAddress address)
    {
        address = default;
        if (text is null) return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var ip) || !int.TryParse(text.AsSpan(slash + 1), out var length)) return false;
        if (length < 0 || length > ip.GetAddressBytes().Length * 8) return false;
        address = new PodAddress(ip, length, IPAddress.TryParse(gateway, out var via) ? via : null);
        return true;
    }

    /// <summary>The prefix length as the bytes of a mask.</summary>
    public byte[] Mask()
    {
        var mask = new byte[Address.GetAddressBytes().Length];
        for (var bit = 0; bit < PrefixLength; bit++) mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return mask;
    }
}
