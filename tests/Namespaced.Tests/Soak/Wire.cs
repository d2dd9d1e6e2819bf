using System.Net.Sockets;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>Patterns over a socket. Every wait is bounded: a mesh that hangs must fail the test, not hang it.</summary>
internal static class Wire
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const int PieceBytes = 64 * 1024;

    public static async Task SendPatternAsync(Socket socket, uint seed, int bytes, Action<int>? onSent = null)
    {
        var piece = new byte[Math.Min(PieceBytes, Math.Max(1, bytes))];
        for (var sent = 0; sent < bytes;)
        {
            var length = Math.Min(piece.Length, bytes - sent);
            Pattern.Fill(piece.AsSpan(0, length), seed, sent);
            await SendAsync(socket, piece.AsMemory(0, length));
            sent += length;
            onSent?.Invoke(length);
        }
    }

    /// <summary>Reads that many bytes and judges each; throws a <see cref="CorruptionException"/> at the first wrong one.</summary>
    public static async Task ReadPatternAsync(Socket socket, uint seed, int bytes, Action<int>? onRead = null)
    {
        var piece = new byte[Math.Min(PieceBytes, Math.Max(1, bytes))];
        for (var read = 0; read < bytes;)
        {
            var length = await ReceiveAsync(socket, piece.AsMemory(0, Math.Min(piece.Length, bytes - read)));
            if (length == 0) throw new EndOfStreamException($"the end came after {read} of {bytes} bytes");
            var wrong = Pattern.FirstWrong(piece.AsSpan(0, length), seed, read);
            if (wrong >= 0) throw new CorruptionException($"byte {read + wrong} of {bytes} is wrong");
            read += length;
            onRead?.Invoke(length);
        }
    }

    public static async Task ReadEndAsync(Socket socket)
    {
        if (await ReceiveAsync(socket, new byte[1]) != 0) throw new CorruptionException("bytes came behind the last one");
    }

    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Patience)..];
    }

    public static Task<int> ReceiveAsync(Socket socket, Memory<byte> room) => socket.ReceiveAsync(room).AsTask().WaitAsync(Patience);

    /// <summary>Ends both ways at once, as a process does that dies with unread bytes.</summary>
    public static void Abort(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
