using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mesh.Daemon.Admin;

/// <summary>Reads one HTTP/1.1 request from the front of a buffer: strict, no chunked bodies, nothing kept between calls.</summary>
internal static class RequestReader
{
    private const int HeadersMax = 64;

    private static readonly SearchValues<char> s_tokens =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static RequestParse TryRead(ReadOnlyMemory<byte> bytes, AdminLimits limits, out AdminRequest? request, out int consumed)
    {
        (request, consumed) = (null, 0);
        var headBytes = bytes.Span.IndexOf("\r\n\r\n"u8);
        if (headBytes < 0) return bytes.Length >= limits.HeadBytes ? RequestParse.HeadTooLarge : RequestParse.NeedMoreBytes;
        if (headBytes > limits.HeadBytes) return RequestParse.HeadTooLarge;
        var head = bytes.Span[..headBytes];
        foreach (var octet in head)
        {
            if (octet is (< 0x20 or >= 0x7f) and not ((byte)'\r' or (byte)'\n' or (byte)'\t')) return RequestParse.Malformed;
        }
        var lines = Encoding.ASCII.GetString(head).Split("\r\n");
        if (lines.Any(static line => line.AsSpan().ContainsAny('\n', '\r'))) return RequestParse.Malformed;
        var first = lines[0].Split(' ');
        if (first is not [{ Length: > 0 } method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"]) return RequestParse.Malformed;
        if (!IsToken(method)) return RequestParse.Malformed;
        if (!TryReadHeaders(lines.AsSpan(1), out var headers)) return RequestParse.Malformed;
        // Two ways to say where a body ends are how requests are smuggled: only one is understood.
        if (headers.ContainsKey("transfer-encoding")) return RequestParse.NotImplemented;
        if (first[2] == "HTTP/1.1" && !headers.ContainsKey("host")) return RequestParse.Malformed;
        var bodyBytes = 0;
        if (headers.TryGetValue("content-length", out var length) && !TryReadLength(length, out bodyBytes)) return RequestParse.Malformed;
        if (bodyBytes > limits.BodyBytes) return RequestParse.BodyTooLarge;
        var bodyAt = headBytes + 4;
        if (bytes.Length < bodyAt + bodyBytes) return RequestParse.NeedMoreBytes;
        if (!TryReadTarget(target, out var path, out var query)) return RequestParse.Malformed;
        if (first[2] == "HTTP/1.0") headers["connection"] = "close";
        consumed = bodyAt + bodyBytes;
        request = new AdminRequest(method, path, query, headers, bytes.Slice(bodyAt, bodyBytes).ToArray()) { TakesChunks = first[2] == "HTTP/1.1" };
        return RequestParse.Complete;
    }

    private static bool TryReadHeaders(ReadOnlySpan<string> lines, out Dictionary<string, string> headers)
    {
        headers = new(StringComparer.OrdinalIgnoreCase);
        if (lines.Length > HeadersMax) return false;
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsToken(line.AsSpan(0, colon))) return false;
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
            if (headers.TryAdd(name, value)) continue;
            if (name.ToUpperInvariant() is "CONTENT-LENGTH" or "HOST") return false;
            headers[name] += ", " + value;
        }
        return true;
    }

    private static bool TryReadLength(string text, out int bytes)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes)) return true;
        bytes = int.MaxValue; // A number that does not fit is too large, not malformed.
        return text.Length > 0 && text.All(char.IsAsciiDigit);
    }

    private static bool TryReadTarget(string target, out string path, out Dictionary<string, string> query)
    {
        query = new(StringComparer.Ordinal);
        path = "";
        if (target.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            var slash = target.IndexOf('/', "http://".Length);
            target = slash < 0 ? "/" : target[slash..];
        }
        if (target[0] != '/') return false;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        path = Uri.UnescapeDataString(question < 0 ? target : target[..question]);
        if (question < 0) return true;
        foreach (var pair in target[(question + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            query[name] = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
        }
        return true;
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static bool IsToken(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(s_tokens);
}
