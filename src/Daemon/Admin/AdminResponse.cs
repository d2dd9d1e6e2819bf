using System.Text;

namespace Mesh.Daemon.Admin;

/// <summary>What a page answers.</summary>
public sealed record AdminResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public static AdminResponse Text(string text, int status = 200) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public static AdminResponse Json(ReadOnlyMemory<byte> utf8, int status = 200) => new(status, "application/json", utf8);
}
