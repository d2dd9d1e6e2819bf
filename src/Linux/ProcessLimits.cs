using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>Limits of this process that a proxy wants raised at its start.</summary>
public static unsafe class ProcessLimits
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE

    /// <summary>Lifts the soft limit of open files to the hard one; returns the limit that now holds.</summary>
    public static long RaiseOpenFiles()
    {
        var limits = stackalloc ulong[2];
        if (Libc.getrlimit(OpenFiles, limits) != 0) throw new LinuxException("getrlimit", Libc.LastError);
        if (limits[0] >= limits[1]) return Clamp(limits[0]);
        limits[0] = limits[1];
        if (Libc.setrlimit(OpenFiles, limits) != 0) throw new LinuxException("setrlimit", Libc.LastError);
        return Clamp(limits[0]);
    }

    private static long Clamp(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
