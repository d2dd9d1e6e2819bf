using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Tls13;
using Mesh.Tls13.Handshake;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// One handshake over a socket: what it holds while it waits for the peer. A client that has said nothing yet costs its socket only; after
/// that, OpenSSL's state and the rest of an incomplete record. Loop thread only.
/// </summary>
internal sealed class HandshakeAttempt : IDisposable
{
    // Holds the longest record and some more. Of the thread, not the loop's scratch: a dial may begin while a tunnel works its scratch off.
    private const int ScratchBytes = 64 * 1024;

    [ThreadStatic] private static byte[]? scratch;

    private readonly LoopSocket socket;
    private readonly TlsContext context;
    private LinkedListNode<LoopSocket>? place;
    private LoopBuffer? rest;
    private int restBytes;

    public HandshakeAttempt(LoopSocket socket, TlsContext context)
    {
        this.socket = socket;
        this.context = context;
        if (context.Role == TlsRole.Client) Handshake = new TlsHandshake(context);
    }

    /// <summary>Null until a client's first bytes came.</summary>
    public TlsHandshake? Handshake { get; private set; }

    /// <summary>What came behind the last record of a complete handshake.</summary>
    public byte[] Behind { get; private set; } = [];

    /// <summary>Newer handshakes took this one's place.</summary>
    public bool IsGivenUp => place is { List: null };

    /// <summary>Reads once and goes on with the handshake; no bytes and no error is the end of the peer's.</summary>
    public Errno Receive(out int received)
    {
        Span<byte> room = scratch ??= GC.AllocateUninitializedArray<byte>(ScratchBytes);
        rest?.Span[..restBytes].CopyTo(room);
        var error = socket.TryReceive(room[restBytes..], out received);
        if (error != Errno.None || received == 0) return error;

        if (Handshake is null)
        {
            Handshake = new TlsHandshake(context);
            place = HandshakeLimit.Current.Enter(socket);
        }
        var bytes = room[..(restBytes + received)];
        Handshake.Advance(bytes, out var consumed);
        if (Handshake.Progress == HandshakeProgress.Complete) Behind = bytes[consumed..].ToArray();
        else if (Handshake.Progress == HandshakeProgress.NeedMoreBytes && !TryKeep(bytes[consumed..])) return Errno.NoBufferSpace;
        return Errno.None;
    }

    public void Dispose()
    {
        Handshake?.Dispose();
        ReturnRest();
        if (place is not null) HandshakeLimit.Current.Leave(place);
    }

    private bool TryKeep(ReadOnlySpan<byte> bytes)
    {
        if (rest is not null && rest.Length < bytes.Length) ReturnRest();
        if (bytes.IsEmpty) ReturnRest();
        else if ((rest ??= socket.Loop.Buffers.TryRent(bytes.Length)) is null) return false;
        bytes.CopyTo(rest is null ? default : rest.Span);
        restBytes = bytes.Length;
        return true;
    }

    private void ReturnRest()
    {
        if (rest is not null) socket.Loop.Buffers.Return(rest);
        rest = null;
        restBytes = 0;
    }
}
