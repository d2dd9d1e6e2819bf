using System.Runtime.InteropServices;

namespace Mesh.Linux.Interop;

/// <summary>sys/mman.h.</summary>
internal static unsafe partial class Libc
{
    public const int MADV_DONTNEED = 4;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int madvise(void* address, nuint length, int advice);
}
