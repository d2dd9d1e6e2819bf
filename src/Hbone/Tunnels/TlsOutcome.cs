using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>A session, its peer's leaf and bytes already received behind the handshake; or why there is none.</summary>
internal readonly record struct TlsOutcome(TlsSession? Session, byte[] PeerLeaf, byte[] Received, TunnelEnd Problem)
{
    public static TlsOutcome Failed(TunnelEndReason reason, string detail) => new(null, [], [], new TunnelEnd(reason, detail));
}
