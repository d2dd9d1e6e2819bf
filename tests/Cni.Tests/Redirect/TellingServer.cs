using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Sockets;

namespace Mesh.Cni.Tests.Redirect;

/// <summary>An application that answers every word with its name and the address it sees the client at.</summary>
internal sealed class TellingServer : ILoopAcceptor
{
    private readonly EventLoop _loop;
    private readonly string _name;

    public TellingServer(EventLoop loop, NetworkNamespace inside, ushort port, string name)
    {
        (_loop, _name) = (loop, name);
        Assert.Equal(Errno.None, LoopListener.TryListen(loop, InetEndpoint.AnyV6(port), new SocketOptions { Namespace = inside }, this, out _));
    }

    public void OnAccepted(AcceptedSocket accepted) => _ = ServeAsync(accepted.AttachTo(_loop));

    private async Task ServeAsync(LoopSocket socket)
    {
        var buffer = new byte[256];
        while (true)
        {
            var error = socket.TryReceive(buffer, out var received);
            if (error == Errno.WouldBlock) await socket.ReadableAsync(TimeSpan.FromSeconds(20));
            else if (error != Errno.None || received == 0) break;
            else socket.TrySend(System.Text.Encoding.UTF8.GetBytes($"{_name} sees {socket.PeerAddress.ToIPAddress()}"), out _);
        }

        socket.Dispose();
    }
}
