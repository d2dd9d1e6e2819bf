using System.Runtime.InteropServices;

namespace Mesh.Linux.Sockets;

/// <summary>Who is at the other end of a UNIX socket, as the kernel recorded it at connect (struct ucred).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
