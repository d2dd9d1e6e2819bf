using System.Collections.Immutable;
using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>A session, its peer's leaf and chain, and bytes already received behind the handshake; or why there is none.</summary>
internal readonly record struct TlsOutcome(TlsSession? Session, byte[] PeerLeaf, ImmutableArray<UInt128> ChainKeys, byte[] Received, TunnelEnd Problem)
{
    public static TlsOutcome Failed(TunnelEndReason reason, string detail) => new(null, [], default, [], new TunnelEnd(reason, detail));
}
