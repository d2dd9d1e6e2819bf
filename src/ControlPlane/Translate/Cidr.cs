using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Mesh.ControlPlane.Translate;

/// <summary>An address, or an address range whose host bits are cleared. Pure.</summary>
internal static class Cidr
{
    /// <summary>The prefix is null when the text is a single address.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPAddress? address, out int? prefix)
    {
        prefix = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return IPAddress.TryParse(text, out address);
        if (!IPAddress.TryParse(text.AsSpan(0, slash), out address)) return false;
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
}
