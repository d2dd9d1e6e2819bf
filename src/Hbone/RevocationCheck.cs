using Mesh.Identity;
using Mesh.Tls13.Handshake;

namespace Mesh.Hbone;

/// <summary>
/// Revocation lists ready for use: an index for live tunnels, and what handshakes check, parsed once for all identities. Any thread. Nobody
/// disposes it: handshakes may begin with it until the last identity that was made with it is gone, and OpenSSL counts its references.
/// </summary>
public sealed class RevocationCheck
{
    private RevocationCheck(RevocationLists lists, TlsRevocationLists? tls)
    {
        Lists = lists;
        Tls = tls;
    }

    /// <summary>Nothing is revoked yet, but tunnels are remembered by their chains, for when something is.</summary>
    public static RevocationCheck None { get; } = new(RevocationLists.None, null);

    public RevocationLists Lists { get; }

    internal TlsRevocationLists? Tls { get; }

    /// <summary>Null with the problem when OpenSSL does not understand what we understood.</summary>
    public static RevocationCheck? TryCreate(RevocationLists lists, out string? problem)
    {
        var ders = new List<ReadOnlyMemory<byte>>(lists.Lists.Length);
        foreach (var list in lists.Lists) ders.Add(list.Der);
        return TlsRevocationLists.TryCreate(ders, out problem) is { } tls ? new RevocationCheck(lists, tls) : null;
    }
}
