using System.Text;
using Mesh.Linux.Interop;

namespace Mesh.Linux.Sockets;

/// <summary>struct sockaddr_un for a path in the file system.</summary>
internal static class UnixAddress
{
    public const int SizeMax = 110;
    private const int PathMax = 107;

    /// <summary>Writes the address and returns its length; a path that does not fit is a mistake of ours.</summary>
    public static int Write(string path, Span<byte> bytes)
    {
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, (ushort)Libc.AF_UNIX);
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > PathMax) throw new ArgumentException($"A UNIX socket path has at most {PathMax} bytes, this one has {length}.", nameof(path));
        Encoding.UTF8.GetBytes(path, bytes[2..]);
        return 2 + length + 1;
    }
}
