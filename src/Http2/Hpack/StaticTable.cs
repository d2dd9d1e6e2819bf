namespace Mesh.Http2.Hpack;

/// <summary>RFC 7541, appendix A: the 61 fields that both ends know from the start.</summary>
internal static class StaticTable
{
    public const int Count = 61;
    public const int Authority = 1;
    public const int Method = 2;
    public const int Status200 = 8;

    private static readonly (byte[] Name, byte[] Value)[] Fields =
    [
        F(":authority"u8), F(":method"u8, "GET"u8), F(":method"u8, "POST"u8), F(":path"u8, "/"u8), F(":path"u8, "/index.html"u8),
        F(":scheme"u8, "http"u8), F(":scheme"u8, "https"u8), F(":status"u8, "200"u8), F(":status"u8, "204"u8), F(":status"u8, "206"u8),
        F(":status"u8, "304"u8), F(":status"u8, "400"u8), F(":status"u8, "404"u8), F(":status"u8, "500"u8), F("accept-charset"u8),
        F("accept-encoding"u8, "gzip, deflate"u8), F("accept-language"u8), F("accept-ranges"u8), F("accept"u8),
        F("access-control-allow-origin"u8), F("age"u8), F("allow"u8), F("authorization"u8), F("cache-control"u8),
        F("content-disposition"u8), F("content-encoding"u8), F("content-language"u8), F("content-length"u8), F("content-location"u8),
        F("content-range"u8), F("content-type"u8), F("cookie"u8), F("date"u8), F("etag"u8), F("expect"u8), F("expires"u8), F("from"u8),
        F("host"u8), F("if-match"u8), F("if-modified-since"u8), F("if-none-match"u8), F("if-range"u8), F("if-unmodified-since"u8),
        F("last-modified"u8), F("link"u8), F("location"u8), F("max-forwards"u8), F("proxy-authenticate"u8), F("proxy-authorization"u8),
        F("range"u8), F("referer"u8), F("refresh"u8), F("retry-after"u8), F("server"u8), F("set-cookie"u8),
        F("strict-transport-security"u8), F("transfer-encoding"u8), F("user-agent"u8), F("vary"u8), F("via"u8), F("www-authenticate"u8),
    ];

    /// <summary>By the length of a name: the first index of each name that is so long.</summary>
    private static readonly byte[][] FirstByLength = GroupByLength();

    public static ReadOnlySpan<byte> Name(int index) => Fields[index - 1].Name;

    public static ReadOnlySpan<byte> Value(int index) => Fields[index - 1].Value;

    /// <summary>The first index with that name, else 0; <paramref name="whole"/> is the index whose value matches too.</summary>
    public static int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out int whole)
    {
        whole = 0;
        if (name.Length >= FirstByLength.Length) return 0;
        foreach (int first in FirstByLength[name.Length])
        {
            if (!name.SequenceEqual(Fields[first - 1].Name)) continue;
            // Equal names stand together.
            for (var index = first; index <= Count && name.SequenceEqual(Fields[index - 1].Name); index++)
            {
                if (!value.SequenceEqual(Fields[index - 1].Value)) continue;
                whole = index;
                break;
            }

            return first;
        }

        return 0;
    }

    private static byte[][] GroupByLength()
    {
        var groups = new List<byte>[Fields.Max(field => field.Name.Length) + 1];
        for (var index = 1; index <= Count; index++)
        {
            var name = Fields[index - 1].Name;
            ref var group = ref groups[name.Length];
            group ??= [];
            if (index == 1 || !name.AsSpan().SequenceEqual(Fields[index - 2].Name)) group.Add((byte)index);
        }

        return [.. groups.Select(group => group?.ToArray() ?? [])];
    }

    private static (byte[] Name, byte[] Value) F(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value = default) =>
        (name.ToArray(), value.ToArray());
}
