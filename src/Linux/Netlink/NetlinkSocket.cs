using System.Buffers.Binary;
using Mesh.Linux.Interop;

namespace Mesh.Linux.Netlink;

/// <summary>
/// A blocking netlink socket with a deadline per answer. It belongs to the network namespace of the thread that opened it; open it inside
/// <see cref="Namespaces.NetworkNamespace.Run{T}"/>. One user at a time.
/// </summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    public const int Route = 0;
    public const int Netfilter = 12;

    private const int Error = 2;
    private const int Done = 3;
    private const int DumpInterrupted = 0x10;
    private const int ReceiveBytes = 256 * 1024;
    private const int AnswerSeconds = 5;
    private const int DumpTriesMax = 5;
    private const int SendBufferBytes = 1024 * 1024;

    private readonly SafeFileDescriptor _descriptor;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(ReceiveBytes);

    private NetlinkSocket(SafeFileDescriptor descriptor) => _descriptor = descriptor;

    public static NetlinkSocket Open(int protocol)
    {
        var number = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
        if (number < 0) throw new LinuxException("socket(AF_NETLINK)", Libc.LastError);
        var descriptor = new SafeFileDescriptor(number);
        var timeout = stackalloc long[2] { AnswerSeconds, 0 };
        var address = stackalloc byte[12];
        *(ushort*)address = Libc.AF_NETLINK;
        var large = SendBufferBytes;
        _ = Libc.setsockopt(number, Libc.SOL_SOCKET, Libc.SO_SNDBUF, &large, sizeof(int)); // Whole rule sets travel in one message.
        if (Libc.bind(number, address, 12) != 0
            || Libc.setsockopt(number, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, timeout, 16) != 0)
        {
            var error = Libc.LastError;
            descriptor.Dispose();
            throw new LinuxException("netlink socket", error);
        }

        return new NetlinkSocket(descriptor);
    }

    /// <summary>Sends what was built and waits for the answers of all messages that asked for one; the first error, if any.</summary>
    public NetlinkOutcome Transact(NetlinkWriter messages)
    {
        var bytes = messages.Finish();
        var waiting = CountAcks(bytes);
        Send(bytes);
        var outcome = NetlinkOutcome.Success;
        while (waiting > 0)
        {
            var received = Receive(out var error);
            if (error != Errno.None) return new NetlinkOutcome(error, 0);
            for (var rest = _buffer.AsSpan(0, received); TryTake(ref rest, out var type, out _, out var sequence, out var payload);)
            {
                if (type != Error) continue;
                waiting--;
                var code = (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(payload));
                if (code == Errno.None || outcome.Error != Errno.None) continue;
                outcome = new NetlinkOutcome(code, sequence);
                if (waiting > 0 && IsBatch(bytes)) return Drain(outcome);
            }
        }

        return outcome;
    }

    /// <summary>Asks for a dump and hands each message's payload on; a dump that changed while it ran is asked for again.</summary>
    public Errno Dump(Func<NetlinkWriter> request, NetlinkVisitor visit, Action restart)
    {
        for (var attempt = 0; attempt < DumpTriesMax; attempt++)
        {
            restart();
            Send(request().Finish());
            var error = ReadDump(visit, out var interrupted);
            if (error != Errno.None || !interrupted) return error;
        }

        return Errno.Busy;
    }

    public void Dispose() => _descriptor.Dispose();

    private Errno ReadDump(NetlinkVisitor visit, out bool interrupted)
    {
        interrupted = false;
        while (true)
        {
            var received = Receive(out var error);
            if (error != Errno.None) return error;
            for (var rest = _buffer.AsSpan(0, received); TryTake(ref rest, out var type, out var flags, out _, out var payload);)
            {
                if ((flags & DumpInterrupted) != 0) interrupted = true;
                if (type == Done) return Errno.None;
                if (type == Error) return (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(payload));
                visit(type, payload);
            }
        }
    }

    /// <summary>A failed batch is rolled back whole; what else it had to say is of no interest.</summary>
    private NetlinkOutcome Drain(NetlinkOutcome outcome)
    {
        fixed (byte* at = _buffer)
        {
            while (Libc.recv(_descriptor.Number, at, ReceiveBytes, Libc.MSG_DONTWAIT) > 0)
            {
                // Dropped.
            }
        }

        return outcome;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* at = bytes)
        {
            nint sent;
            while ((sent = Libc.send(_descriptor.Number, at, (nuint)bytes.Length, 0)) < 0 && Libc.LastError == Errno.Interrupted)
            {
                // Again.
            }

            if (sent != bytes.Length) throw new LinuxException("send(netlink)", Libc.LastError);
        }
    }

    private int Receive(out Errno error)
    {
        fixed (byte* at = _buffer)
        {
            while (true)
            {
                var count = Libc.recv(_descriptor.Number, at, ReceiveBytes, 0);
                error = count >= 0 ? Errno.None : Libc.LastError;
                if (error == Errno.Interrupted) continue;
                if (error == Errno.WouldBlock) error = Errno.TimedOut;
                return (int)Math.Max(0, count);
            }
        }
    }

    private static bool IsBatch(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) == 0x10;

    private static int CountAcks(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        while (bytes.Length >= NetlinkWriter.HeaderBytes)
        {
            if ((BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & (int)NetlinkFlags.Ack) != 0) count++;
            bytes = bytes[(int)BinaryPrimitives.ReadUInt32LittleEndian(bytes)..];
        }

        return count;
    }

    private static bool TryTake(ref Span<byte> rest, out int type, out int flags, out uint sequence, out ReadOnlySpan<byte> payload)
    {
        (type, flags, sequence) = (0, 0, 0);
        payload = default;
        if (rest.Length < NetlinkWriter.HeaderBytes) return false;
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (length < NetlinkWriter.HeaderBytes || length > rest.Length) return false;
        type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
        flags = BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]);
        sequence = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]);
        payload = rest[NetlinkWriter.HeaderBytes..length];
        rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        return true;
    }
}
