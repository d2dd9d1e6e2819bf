using System.Runtime.InteropServices;

namespace Mesh.Linux.Sockets;

/// <summary>One piece of memory for a vectored call (struct iovec); make lists of them with <see cref="IoSliceList"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct IoSlice
{
    internal readonly nint Address;
    internal readonly nuint Count;

    internal IoSlice(nint address, nuint count) => (Address, Count) = (address, count);

    public int Length => (int)Count;
}
