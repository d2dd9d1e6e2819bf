using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mesh.ControlPlane.Translate;

/// <summary>An address, or an address range whose host bits are cleared. Pure.</summary>
internal static class Cidr
{
    /// <summary>The prefix is null when the text is a single address.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPAddress? address, out int? prefix)
    {
        prefix = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!TryParseAddress(slash < 0 ? text : text[..slash], out address)) return false;
        if (slash < 0) return true;
        var bytes = address.GetAddressBytes();
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) || bits > bytes.Length * 8)
            return false;
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(bits - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }
        address = new IPAddress(bytes);
        prefix = bits;
        return true;
    }

    /// <summary>Only the written-out forms: the platform also reads "10", "0x0a.1" and scopes, which nobody means in a policy.</summary>
    private static bool TryParseAddress(string text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address)
        && (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() == text : !text.AsSpan().ContainsAny('%', '['));
}
