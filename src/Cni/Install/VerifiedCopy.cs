using Mesh.Linux;

namespace Mesh.Cni.Install;

/// <summary>
/// Keeps a copy of a file what it should be. Content is compared only after one of the two has changed: a look at an unchanged pair costs
/// two calls of statx. One user at a time.
/// </summary>
internal sealed class VerifiedCopy(string from, string to, UnixFileMode mode)
{
    private (FileStamp From, FileStamp To)? _verified;

    /// <summary>How often content was read.</summary>
    public int Comparisons { get; private set; }

    /// <summary>True when it had to be copied.</summary>
    public bool Ensure()
    {
        // Taken before the content is read: what changes while it is read has another stamp the next time.
        var now = Stamps();
        if (now is not null && now == _verified) return false;
        Comparisons++;
        _verified = null;
        if (AtomicFile.Copy(from, to, mode)) return true;
        _verified = now;
        return false;
    }

    private (FileStamp From, FileStamp To)? Stamps() =>
        HostFiles.TryStamp(from) is { } source && HostFiles.TryStamp(to) is { } target ? (source, target) : null;
}
