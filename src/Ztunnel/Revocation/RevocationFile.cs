using System.Security.Cryptography;
using Mesh.Hbone;
using Mesh.Identity;

namespace Mesh.Ztunnel.Revocation;

/// <summary>The file with the revocation lists: whether it changed, and what is in it. Follows links, as mounted volumes have them. One user.</summary>
internal sealed class RevocationFile(string path)
{
    private byte[] _hash = [];

    public string Path { get; } = path;

    /// <summary>The folder in which a mounted volume swaps its links.</summary>
    public string Folder { get; } = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? "/";

    /// <summary>Cheap to ask: differs when the file was replaced, rewritten, came or went.</summary>
    public string Stamp()
    {
        try
        {
            var file = Target();
            return file.Exists ? $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}" : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message; // The reading will say more.
        }
    }

    /// <summary>The lists; null without a problem when they are those of the last time.</summary>
    public RevocationCheck? Read(out string? problem)
    {
        byte[] bytes;
        try
        {
            if (Target() is { Exists: true, Length: > RevocationLists.FileBytesMax })
            {
                problem = $"the file is longer than {RevocationLists.FileBytesMax} bytes";
                return null;
            }

            bytes = File.ReadAllBytes(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
            return null;
        }

        problem = null;
        var hash = SHA256.HashData(bytes);
        if (hash.AsSpan().SequenceEqual(_hash)) return null;
        if (RevocationLists.TryParse(bytes, out problem) is not { } lists || RevocationCheck.TryCreate(lists, out problem) is not { } check) return null;
        _hash = hash;
        return check;
    }

    /// <summary>What a link leads to: its own length and time are not those of the file.</summary>
    private FileInfo Target() => File.ResolveLinkTarget(Path, returnFinalTarget: true) as FileInfo ?? new FileInfo(Path);
}
