namespace Mesh.Identity;

/// <summary>One revocation list: its DER, who publishes it, and for which time. Immutable.</summary>
public sealed record RevocationList(
    ReadOnlyMemory<byte> Der, string Issuer, DateTimeOffset ThisUpdate, DateTimeOffset? NextUpdate, int Entries);
