using System.Runtime.InteropServices;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Interop;

/// <summary>struct msghdr as 64-bit glibc and musl lay it out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public byte* Name;
    public uint NameLength;
    public IoSlice* Slices;
    public nuint SliceCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;
}
