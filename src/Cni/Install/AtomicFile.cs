using System.Security.Cryptography;
using Mesh.Linux;

namespace Mesh.Cni.Install;

/// <summary>Writes whole files on the host: beside, flushed, then renamed, then the folder flushed, so a power cut leaves the old or the new.</summary>
internal static class AtomicFile
{
    /// <summary>No runtime loads such a name as a network configuration.</summary>
    private const string Suffix = ".mesh-tmp";

    /// <summary>False when the file is so already.</summary>
    public static bool Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content)) return false;
        var beside = path + Suffix;
        File.Delete(beside);
        using (var file = HostFiles.Create(beside, mode))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        Replace(beside, path);
        return true;
    }

    /// <summary>Copies a file unless the target is the same already, by content.</summary>
    public static bool Copy(string from, string to, UnixFileMode mode)
    {
        if (File.Exists(to) && new FileInfo(to).Length == new FileInfo(from).Length && Hash(from).AsSpan().SequenceEqual(Hash(to))) return false;
        var beside = to + Suffix;
        File.Delete(beside);
        using (var source = File.OpenRead(from))
        using (var file = HostFiles.Create(beside, mode))
        {
            source.CopyTo(file);
            file.Flush(flushToDisk: true);
        }

        Replace(beside, to);
        return true;
    }

    private static void Replace(string beside, string path)
    {
        File.Move(beside, path, overwrite: true);
        HostFiles.FlushFolder(Path.GetDirectoryName(path)!);
    }

    private static byte[] Hash(string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file);
    }
}
