using Mesh.Identity;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>Who is at the other end of a tunnel, proved by its certificate.</summary>
public sealed record TunnelPeer(SpiffeId Identity, InetEndpoint Remote, InetEndpoint Local, ReadOnlyMemory<byte> LeafDer);
