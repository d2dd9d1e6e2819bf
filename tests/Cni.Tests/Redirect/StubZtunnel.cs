using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Cni.Tests.Redirect;

/// <summary>
/// What a ztunnel looks like to the packet rules: listeners on the three ports, marked sockets, and delivery under the client's own
/// address. It relays, and writes down what it was asked for.
/// </summary>
internal sealed class StubZtunnel
{
    private readonly PodWorld _world;
    private readonly SocketOptions _marked;

    public StubZtunnel(PodWorld world)
    {
        _world = world;
        _marked = new SocketOptions { Namespace = world.Pod, Mark = 0x539, Transparency = Transparency.Required };
        foreach (var port in new ushort[] { 15001, 15006, 15008 })
        {
            var acceptor = new Acceptor(this, port);
            Assert.Equal(Errno.None, LoopListener.TryListen(world.Loop, InetEndpoint.AnyV6(port), _marked, acceptor, out _));
        }
    }

    /// <summary>"15001 to 10.0.0.1:80", in the order of arrival.</summary>
    public List<string> Seen { get; } = [];

    private async Task RelayAsync(LoopSocket inner, ushort port)
    {
        // Port 15008 is reached directly: the pod itself was dialled, and the stub answers in the application's place.
        var to = inner.TryGetOriginalDestination(out var dialled) == Errno.None ? dialled : inner.LocalAddress;
        Seen.Add($"{port} to {to}");
        var target = port == 15008 ? to.WithPort(8080) : to;
        var options = port == 15001 ? _marked : _marked with { BindTo = inner.PeerAddress.WithPort(0) };
        var outcome = await LoopSocket.ConnectAsync(_world.Loop, target, options, PodWorld.Limit);
        if (outcome.Socket is not { } outer)
        {
            Seen.Add($"{port} failed: {outcome.Error}");
            inner.Reset();
            return;
        }

        await Task.WhenAll(CopyAsync(inner, outer), CopyAsync(outer, inner));
        inner.Dispose();
        outer.Dispose();
    }

    private static async Task CopyAsync(LoopSocket from, LoopSocket to)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var error = from.TryReceive(buffer, out var received);
            if (error == Errno.WouldBlock)
            {
                if (await from.ReadableAsync() != WaitOutcome.Ready) return;
                continue;
            }

            if (error != Errno.None || received == 0) break;
            for (var sent = 0; sent < received;)
            {
                error = to.TrySend(buffer.AsSpan(sent, received - sent), out var part);
                sent += part;
                if (error == Errno.WouldBlock) await to.WritableAsync();
                else if (error != Errno.None) return;
            }
        }

        to.ShutdownSend();
    }

    private sealed class Acceptor(StubZtunnel stub, ushort port) : ILoopAcceptor
    {
        public void OnAccepted(AcceptedSocket accepted) => _ = stub.RelayAsync(accepted.AttachTo(stub._world.Loop), port);
    }
}
