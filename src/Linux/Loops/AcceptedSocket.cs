using Mesh.Linux.Interop;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Loops;

/// <summary>A connection just accepted that belongs to no loop yet.</summary>
public readonly record struct AcceptedSocket
{
    private readonly int _descriptor;
    private readonly bool _isStream;

    internal AcceptedSocket(int descriptor, bool isStream, InetEndpoint peer)
    {
        (_descriptor, _isStream) = (descriptor, isStream);
        Peer = peer;
    }

    /// <summary>Who connected; default for UNIX sockets.</summary>
    public InetEndpoint Peer { get; }

    /// <summary>Makes it a socket of this loop, on whose thread it must be called.</summary>
    public LoopSocket AttachTo(EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        loop.RequireCurrent();
        return LoopSocket.Take(loop, _descriptor, _isStream);
    }

    public void Close() => _ = Libc.close(_descriptor);
}
