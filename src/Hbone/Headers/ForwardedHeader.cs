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

    /// <summary>The host of the service that was dialled; null without one, or when the header is longer than any of ours.</summary>
    public static string? HostOf(ReadOnlySpan<char> text)
    {
        if (text.Length > LengthMax) return null;
        string? host = null;
        foreach (var range in text.Split(';'))
        {
            var pair = text[range].Trim();
            var equals = pair.IndexOf('=');
            if (equals <= 0 || !pair[..equals].Trim().Equals("host", StringComparison.OrdinalIgnoreCase)) continue;
            var value = pair[(equals + 1)..].Trim().Trim('"');
            if (!value.IsEmpty) host = value.ToString();
        }
        return host;
    }
}
