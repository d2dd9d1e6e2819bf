using Mesh.Inpod;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;

namespace Mesh.Ztunnel.Tests.Pods;

/// <summary>A node agent that sends exactly what a test says, also what a good one would not.</summary>
internal sealed class ScriptedAgent : ILoopAcceptor, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly EventLoop _loop;
    private readonly Queue<LoopSocket> _accepted = new();
    private LoopListener? _listener;
    private LoopSocket? _current;

    private ScriptedAgent(EventLoop loop) => _loop = loop;

    public static Task<ScriptedAgent> StartAsync(EventLoop loop, string path) => loop.InvokeAsync(() =>
    {
        var agent = new ScriptedAgent(loop);
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(Errno.None, LoopListener.TryListenUnix(loop, path, UnixSocketKind.Packets, mode, agent, out agent._listener));
        return Task.FromResult(agent);
    });

    /// <summary>Waits for the next connection and its hello; the one before is closed.</summary>
    public Task GreetAsync() => _loop.InvokeAsync(async () =>
    {
        _current?.Dispose();
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!_accepted.TryDequeue(out _current))
        {
            Assert.True(started.Elapsed < Patience, "nobody dialled");
            await Task.Delay(10);
        }

        Assert.NotNull(await ReceiveAsync());
    });

    /// <summary>The answer: empty for an ack, else what the refusal says; null when the connection was closed instead.</summary>
    public Task<string?> AskAsync(InpodRequest request, NetworkNamespace? inside = null) => _loop.InvokeAsync(async () =>
    {
        var packet = new byte[InpodWire.PacketBytesMax];
        var length = InpodWire.WriteRequest(request, packet);
        Assert.Equal(Errno.None, _current!.TrySendPacket(packet.AsSpan(0, length), inside?.Descriptor));
        if (await ReceiveAsync() is not { } answer) return null;
        Assert.True(InpodWire.TryReadAck(answer, out var error));
        return error;
    });

    public void OnAccepted(AcceptedSocket accepted) => _accepted.Enqueue(accepted.AttachTo(_loop));

    public async ValueTask DisposeAsync() => await _loop.InvokeAsync(() =>
    {
        _listener!.Dispose();
        _current?.Dispose();
        foreach (var socket in _accepted) socket.Dispose();
        return Task.CompletedTask;
    });

    private async Task<byte[]?> ReceiveAsync()
    {
        var packet = new byte[InpodWire.PacketBytesMax];
        while (true)
        {
            var error = _current!.TryReceivePacket(packet, out var received);
            if (error == Errno.WouldBlock) Assert.Equal(WaitOutcome.Ready, await _current.ReadableAsync(Patience));
            else return error != Errno.None || received.Bytes == 0 ? null : packet[..received.Bytes];
        }
    }
}
