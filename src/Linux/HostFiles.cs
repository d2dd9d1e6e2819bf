using System.Text;
using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>What the framework does not offer for files that must survive a power cut.</summary>
public static unsafe class HostFiles
{
    /// <summary>Makes a new file with this mode for writing.</summary>
    public static FileStream Create(string path, UnixFileMode mode)
    {
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        try
        {
            SetMode(path, mode); // Not at creation: the process's mask would take bits away.
            return file;
        }
        catch (LinuxException)
        {
            file.Dispose();
            throw;
        }
    }

    public static void SetMode(string path, UnixFileMode mode)
    {
        fixed (byte* at = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (Libc.chmod(at, (uint)mode) != 0) throw new LinuxException($"chmod {path}", Libc.LastError);
        }
    }

    /// <summary>Which file this is now and when it changed; null when it cannot be told.</summary>
    public static FileStamp? TryStamp(string path)
    {
        // struct statx has one layout everywhere: inode at 32, length at 40, change at 96, modification at 112, device at 136.
        var result = stackalloc byte[256];
        fixed (byte* at = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (Libc.statx(Libc.AT_FDCWD, at, flags: 0, Libc.STATX_BASIC_STATS, result) != 0) return null;
        }

        return new FileStamp
        {
            DeviceMajor = *(uint*)(result + 136),
            DeviceMinor = *(uint*)(result + 140),
            Inode = *(ulong*)(result + 32),
            Length = *(ulong*)(result + 40),
            ModifiedSeconds = *(long*)(result + 112),
            ModifiedNanoseconds = *(uint*)(result + 120),
            ChangedSeconds = *(long*)(result + 96),
            ChangedNanoseconds = *(uint*)(result + 104),
        };
    }

    /// <summary>Makes renames and removals in a folder last.</summary>
    public static void FlushFolder(string path)
    {
        fixed (byte* at = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var number = Libc.open(at, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
            if (number < 0) throw new LinuxException($"open {path}", Libc.LastError);
            using var folder = new SafeFileDescriptor(number);
            if (Libc.fsync(number) != 0 && Libc.LastError != Errno.InvalidArgument) throw new LinuxException($"fsync {path}", Libc.LastError);
        }
    }
}
