using System.Runtime.InteropServices;

namespace Mesh.Linux.Interop;

/// <summary>Declarations of the C library, one file per header; blittable, errno through <see cref="LastError"/>.</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    public static Errno LastError => (Errno)Marshal.GetLastPInvokeError();
}
