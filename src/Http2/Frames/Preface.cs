namespace Mesh.Http2.Frames;

/// <summary>RFC 9113, 3.4: what a client sends before its first frame.</summary>
internal static class Preface
{
    public const int Size = 24;

    public static ReadOnlySpan<byte> Bytes => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;
}
