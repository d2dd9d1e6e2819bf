using System.Collections.Immutable;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// What a context is made of: our chain (DER, leaf first), its key (PKCS #8), the roots we trust (DER) and the revocation lists to check.
/// </summary>
public readonly ref struct TlsCredentials(
    ImmutableArray<ReadOnlyMemory<byte>> chain,
    ReadOnlySpan<byte> privateKey,
    ImmutableArray<ReadOnlyMemory<byte>> roots,
    TlsRevocationLists? revocationLists = null)
{
    public ImmutableArray<ReadOnlyMemory<byte>> Chain { get; } = chain;
    public ReadOnlySpan<byte> PrivateKey { get; } = privateKey;
    public ImmutableArray<ReadOnlyMemory<byte>> Roots { get; } = roots;
    public TlsRevocationLists? RevocationLists { get; } = revocationLists;
}
