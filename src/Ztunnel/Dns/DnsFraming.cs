using System.Buffers.Binary;
using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Ztunnel.Dns;

/// <summary>Messages on a stream: two bytes of length, then the message (RFC 1035, 4.2.2). On the socket's loop.</summary>
internal static class DnsFraming
{
    public const int MessageBytesMax = ushort.MaxValue;
    public const int PrefixBytes = 2;

    /// <summary>One message; null when the peer ended, broke off, took longer than it may or announced more than it may.</summary>
    public static async ValueTask<byte[]?> ReadAsync(LoopSocket socket, int bytesMax, TimeSpan idle, TimeSpan whole)
    {
        var prefix = new byte[PrefixBytes];
        if (!await ReadExactlyAsync(socket, prefix, idle)) return null;
        var length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (length > bytesMax) return null;
        var message = new byte[length];
        return await ReadExactlyAsync(socket, message, whole) ? message : null;
    }

    /// <summary>Sends a message; false when the peer does not take it in time.</summary>
    public static async ValueTask<bool> WriteAsync(LoopSocket socket, ReadOnlyMemory<byte> message, TimeSpan whole)
    {
        var framed = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.Span.CopyTo(framed.AsSpan(PrefixBytes));
        var deadline = socket.Loop.Time.GetTimestamp();
        for (var sent = 0; sent < framed.Length;)
        {
            var error = socket.TrySend(framed.AsSpan(sent), out var taken);
            sent += taken;
            if (error is not (Errno.None or Errno.WouldBlock)) return false;
            var left = whole - socket.Loop.Time.GetElapsedTime(deadline);
            if (sent < framed.Length && (left <= TimeSpan.Zero || await socket.WritableAsync(left) != WaitOutcome.Ready)) return false;
        }

        return true;
    }

    private static async ValueTask<bool> ReadExactlyAsync(LoopSocket socket, Memory<byte> into, TimeSpan whole)
    {
        var began = socket.Loop.Time.GetTimestamp();
        for (var read = 0; read < into.Length;)
        {
            var error = socket.TryReceive(into.Span[read..], out var received);
            if (error == Errno.None && received == 0) return false;
            if (error is not (Errno.None or Errno.WouldBlock)) return false;
            read += received;
            if (error == Errno.None) continue;
            var left = whole - socket.Loop.Time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || await socket.ReadableAsync(left) != WaitOutcome.Ready) return false;
        }

        return true;
    }
}
