using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>Packets with descriptors, over UNIX sockets.</summary>
public sealed partial class LoopSocket
{
    /// <summary>Descriptors one packet may bring; more arrive as a truncated packet.</summary>
    public const int DescriptorsPerPacketMax = 8;

    private const int ControlHeader = 16; // struct cmsghdr: length 8, level 4, type 4.
    private const int ControlBytes = ControlHeader + (DescriptorsPerPacketMax * sizeof(int));

    /// <summary>Takes one packet; zero bytes is the end. Every descriptor that came is handed out, even with a truncated packet.</summary>
    public unsafe Errno TryReceivePacket(Span<byte> destination, out ReceivedPacket packet)
    {
        packet = new ReceivedPacket(0, IsTruncated: false, []);
        if (!IsReadable) return Errno.WouldBlock;
        var control = stackalloc byte[ControlBytes];
        fixed (byte* at = destination)
        {
            var slice = new IoSlice((nint)at, (nuint)destination.Length);
            var message = new MessageHeader { Slices = &slice, SliceCount = 1, Control = control, ControlLength = ControlBytes };
            nint count;
            while ((count = Libc.recvmsg(_descriptor, &message, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC)) < 0)
            {
                if (NoteReadError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }

            var truncated = (message.Flags & (Libc.MSG_TRUNC | Libc.MSG_CTRUNC)) != 0;
            packet = new ReceivedPacket((int)count, truncated, TakeDescriptors(new ReadOnlySpan<byte>(control, (int)message.ControlLength)));
            return Errno.None;
        }
    }

    /// <summary>Sends one packet whole, with a descriptor if given; the descriptor stays the caller's. A closed one throws.</summary>
    public unsafe Errno TrySendPacket(ReadOnlySpan<byte> packet, SafeFileDescriptor? descriptor = null)
    {
        if (!IsWritable) return Errno.WouldBlock;
        var control = stackalloc byte[ControlHeader + 8];
        var isHeld = false;
        try
        {
            descriptor?.DangerousAddRef(ref isHeld);
            return SendPacket(packet, descriptor?.Number ?? -1, control);
        }
        finally
        {
            if (isHeld) descriptor!.DangerousRelease();
        }
    }

    private unsafe Errno SendPacket(ReadOnlySpan<byte> packet, int descriptor, byte* control)
    {
        const int length = ControlHeader + sizeof(int);
        fixed (byte* at = packet)
        {
            var slice = new IoSlice((nint)at, (nuint)packet.Length);
            var message = new MessageHeader { Slices = &slice, SliceCount = 1 };
            if (descriptor >= 0)
            {
                *(nuint*)control = length;
                *(int*)(control + 8) = Libc.SOL_SOCKET;
                *(int*)(control + 12) = Libc.SCM_RIGHTS;
                *(int*)(control + ControlHeader) = descriptor;
                message.Control = control;
                message.ControlLength = ControlHeader + 8;
            }

            while (Libc.sendmsg(_descriptor, &message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL) < 0)
            {
                if (NoteWriteError(Libc.LastError) is var error && error != Errno.Interrupted) return error;
            }

            return Errno.None;
        }
    }

    private static List<SafeFileDescriptor> TakeDescriptors(ReadOnlySpan<byte> control)
    {
        var descriptors = new List<SafeFileDescriptor>();
        while (control.Length >= ControlHeader)
        {
            var length = (int)BitConverter.ToUInt64(control);
            if (length < ControlHeader || length > control.Length) break;
            if (BitConverter.ToInt32(control[8..]) == Libc.SOL_SOCKET && BitConverter.ToInt32(control[12..]) == Libc.SCM_RIGHTS)
            {
                for (var at = ControlHeader; at + sizeof(int) <= length; at += sizeof(int))
                {
                    descriptors.Add(new SafeFileDescriptor(BitConverter.ToInt32(control[at..])));
                }
            }

            control = control[Math.Min((length + 7) & ~7, control.Length)..];
        }

        return descriptors;
    }
}
