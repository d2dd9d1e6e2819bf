using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>
/// Who is at the other end of a tunnel, proved by its certificate. The chain's keys (<see cref="RevocationLists.KeyOf(CertificateFacts)"/>)
/// are kept only where revocation is checked; default means that a later list will not find this tunnel.
/// </summary>
public sealed record TunnelPeer(
    SpiffeId Identity, InetEndpoint Remote, InetEndpoint Local, ReadOnlyMemory<byte> LeafDer, ImmutableArray<UInt128> ChainKeys = default);
