using System.Net.Sockets;
using Mesh.Http2.Frames;

namespace Mesh.Http2.Tests;

/// <summary>Drives one engine over a real socket, one step at a time: what a loop does in the product.</summary>
internal sealed class SocketPump(Http2Role role, Socket socket, Http2Options? options = null) : IDisposable
{
    private readonly byte[] buffer = new byte[128 * 1024];

    public Http2Engine Engine { get; } = new(role, options ?? new Http2Options());
    public Recorder Seen { get; } = new();

    /// <summary>Sends what waits, receives once. False at the end of the connection.</summary>
    public async Task<bool> StepAsync(CancellationToken stop)
    {
        await FlushAsync(stop);
        if (Engine.IsEnded) return false;
        var length = await socket.ReceiveAsync(buffer, stop);
        var alive = length > 0 && Engine.Receive(buffer.AsSpan(0, length), Seen);
        await FlushAsync(stop);
        return alive;
    }

    public async Task FlushAsync(CancellationToken stop)
    {
        while (Engine.PendingControlBytes > 0)
        {
            var length = Engine.TakeControl(buffer);
            await SendAllAsync(buffer.AsMemory(0, length), stop);
        }
    }

    /// <summary>Sends what the windows allow now; answers how much.</summary>
    public async Task<int> SendAsync(int streamId, ReadOnlyMemory<byte> bytes, bool end, CancellationToken stop)
    {
        await FlushAsync(stop);
        var taken = bytes.Length == 0 ? 0 : Engine.TakeSendWindow(streamId, bytes.Length);
        if (taken == 0 && bytes.Length > 0) return 0;
        var frame = new byte[FrameHeader.Size + taken];
        if (!Engine.WriteDataHeader(frame, streamId, taken, end && taken == bytes.Length)) return 0;
        bytes.Span[..taken].CopyTo(frame.AsSpan(FrameHeader.Size));
        await SendAllAsync(frame, stop);
        return taken;
    }

    public void Dispose()
    {
        Engine.Release();
        socket.Dispose();
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, stop)..];
    }
}
