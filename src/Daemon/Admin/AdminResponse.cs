namespace Mesh.Daemon.Admin;

/// <summary>What a page answers.</summary>
public sealed record AdminResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>How the bytes are packed, as the client said it can read them; null: not at all.</summary>
    public string? Encoding { get; init; }

    /// <summary>A body too long to be held, instead of <see cref="Body"/>: its bytes are made as they are sent. Enumerated once, or not at all.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Parts { get; init; }

    public static AdminResponse Text(string text, int status = 200) =>
        new(status, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text));

    public static AdminResponse Json(ReadOnlyMemory<byte> utf8, int status = 200) => new(status, "application/json", utf8);
}
