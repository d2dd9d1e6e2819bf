using System.Net;

namespace Mesh.Hbone;

/// <summary>The <c>forwarded</c> header (RFC 7239) as meshes write it; it labels telemetry and is never trusted for policy.</summary>
public static class ForwardedHeader
{
    private const int LengthMax = 1024;

    /// <summary>
    /// <c>for="10.0.0.1:4711"</c>, with the host of the service that was dialled if there was one; the client is anything that writes itself so.
    /// </summary>
    public static string Render<TClient>(TClient client, string? host)
        where TClient : notnull =>
        host is null ? $"for=\"{client}\"" : $"for=\"{client}\";host={host}";

    /// <summary>False when the client is missing or malformed.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPEndPoint? client, out string? host)
    {
        client = null;
        host = null;
        if (text.Length > LengthMax) return false;
        foreach (var range in text.Split(';'))
        {
            var pair = text[range].Trim();
            var equals = pair.IndexOf('=');
            if (equals <= 0) continue;
            var name = pair[..equals].Trim();
            var value = pair[(equals + 1)..].Trim().Trim('"');
            if (name.Equals("for", StringComparison.OrdinalIgnoreCase)) client = IPEndPoint.TryParse(value, out var found) ? found : null;
            else if (name.Equals("host", StringComparison.OrdinalIgnoreCase) && !value.IsEmpty) host = value.ToString();
        }
        return client is not null;
    }
}
