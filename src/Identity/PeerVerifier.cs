using System.Collections.Immutable;

namespace Mesh.Identity;

/// <summary>Decides who a peer is from its leaf, after TLS has verified the chain. Pure.</summary>
public static class PeerVerifier
{
    /// <summary>As a server: some SPIFFE id must be of our trust domain; policy then sees the first SPIFFE id.</summary>
    public static PeerProblem VerifyClient(ReadOnlyMemory<byte> leafDer, string trustDomain, out SpiffeId? identity)
    {
        identity = null;
        if (CertificateFacts.TryRead(leafDer) is not { } facts) return PeerProblem.Malformed;
        if (facts.Identity is not { } first) return PeerProblem.NoIdentity;
        foreach (var name in facts.UriNames)
        {
            if (SpiffeId.TryParse(name) is not { } id || id.TrustDomain != trustDomain) continue;
            identity = first;
            return PeerProblem.None;
        }
        return PeerProblem.OtherTrustDomain;
    }

    /// <summary>As a client: some SPIFFE id must be one of those we dialled for; nothing expected means nobody fits.</summary>
    public static PeerProblem VerifyServer(ReadOnlyMemory<byte> leafDer, ImmutableArray<SpiffeId> expected, out SpiffeId? identity)
    {
        identity = null;
        if (CertificateFacts.TryRead(leafDer) is not { } facts) return PeerProblem.Malformed;
        identity = facts.Identity;
        if (identity is null) return PeerProblem.NoIdentity;
        foreach (var name in facts.UriNames)
        {
            if (SpiffeId.TryParse(name) is { } id && expected.Contains(id)) return PeerProblem.None;
        }
        return PeerProblem.NotExpected;
    }
}
