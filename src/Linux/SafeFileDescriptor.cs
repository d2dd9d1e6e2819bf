using System.Runtime.InteropServices;
using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>Owns one file descriptor and closes it once; whoever disposes it is its owner.</summary>
public sealed class SafeFileDescriptor : SafeHandle
{
    public SafeFileDescriptor()
        : base(-1, ownsHandle: true)
    {
    }

    public SafeFileDescriptor(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    public override bool IsInvalid => handle < 0;

    /// <summary>The number, valid only while the caller keeps this object alive and undisposed; -1 once it is closed.</summary>
    public int Number => IsClosed ? -1 : (int)handle;

    /// <summary>A second descriptor for the same open file, with close-on-exec.</summary>
    public SafeFileDescriptor Duplicate()
    {
        var added = false;
        try
        {
            DangerousAddRef(ref added);
            var copy = Libc.fcntl(Number, Libc.F_DUPFD_CLOEXEC, 3);
            return copy >= 0 ? new SafeFileDescriptor(copy) : throw new LinuxException("fcntl(F_DUPFD_CLOEXEC)", Libc.LastError);
        }
        finally
        {
            if (added) DangerousRelease();
        }
    }

    /// <summary>Gives the number away; this object no longer closes it.</summary>
    public int Release()
    {
        var number = Number;
        SetHandleAsInvalid();
        SetHandle(-1);
        return number;
    }

    /// <summary>How many descriptors this process has open, for leak tests and metrics.</summary>
    public static int CountOpen() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
