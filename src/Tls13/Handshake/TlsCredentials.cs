using System.Collections.Immutable;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// What a context is made of: our chain (DER, leaf first), its key (PKCS #8), the roots we trust (DER) and revocation lists (DER). An
/// issuer without a list, or with an expired one, revokes nothing.
/// </summary>
public readonly ref struct TlsCredentials(
    ImmutableArray<ReadOnlyMemory<byte>> chain,
    ReadOnlySpan<byte> privateKey,
    ImmutableArray<ReadOnlyMemory<byte>> roots,
    ImmutableArray<ReadOnlyMemory<byte>> revocationLists = default)
{
    public ImmutableArray<ReadOnlyMemory<byte>> Chain { get; } = chain;
    public ReadOnlySpan<byte> PrivateKey { get; } = privateKey;
    public ImmutableArray<ReadOnlyMemory<byte>> Roots { get; } = roots;
    public ImmutableArray<ReadOnlyMemory<byte>> RevocationLists { get; } = revocationLists.IsDefault ? [] : revocationLists;
}
