using Mesh.Identity;
using Mesh.Tls13;
using Mesh.Tls13.Handshake;

namespace Mesh.Hbone;

/// <summary>
/// A workload's SVID and roots with the TLS contexts made of them, parsed once and shared by every handshake. Any thread. Dispose it when
/// a newer one took its place: handshakes under way and live tunnels go on.
/// </summary>
public sealed class TunnelIdentity : IDisposable
{
    /// <summary>Throws when OpenSSL refuses the pair, which <see cref="Svid"/> and <see cref="TrustBundle"/> were to prevent.</summary>
    public TunnelIdentity(Svid svid, TrustBundle roots, RevocationCheck? revocations = null, KeyLogSink? keyLog = null)
    {
        Svid = svid;
        Roots = roots;
        Revocations = revocations;
        Client = Create(TlsRole.Client, keyLog);
        Server = Create(TlsRole.Server, keyLog);
    }

    public Svid Svid { get; }
    public TrustBundle Roots { get; }

    /// <summary>Null: revocation is not checked, and tunnels keep nothing for it.</summary>
    public RevocationCheck? Revocations { get; }

    internal TlsContext Client { get; }
    internal TlsContext Server { get; }

    /// <summary>Disposes the contexts, not the SVID.</summary>
    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private TlsContext Create(TlsRole role, KeyLogSink? keyLog) =>
        TlsContext.TryCreate(role, new TlsCredentials(Svid.Chain, Svid.PrivateKey, Roots.Roots, Revocations?.Tls), out var problem, keyLog)
        ?? throw new ArgumentException($"The SVID of {Svid.Id} makes no TLS context: {problem}");
}
