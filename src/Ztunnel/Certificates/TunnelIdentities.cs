using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Tls13.Handshake;
using Mesh.Ztunnel.Revocation;

namespace Mesh.Ztunnel.Certificates;

/// <summary>Makes certificates usable for tunnels, with the revocation lists that hold now (null: none are checked). Any thread.</summary>
internal sealed class TunnelIdentities(RevocationView? revocations, KeyLogSink? keyLog)
{
    public TunnelIdentity Create(Svid svid, TrustBundle roots) => new(svid, roots, revocations?.Current, keyLog);
}
