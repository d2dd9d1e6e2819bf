namespace Mesh.Identity;

/// <summary>Why a peer with a trusted chain is still not the peer we serve or asked for.</summary>
public enum PeerProblem
{
    None,
    Malformed,
    NoIdentity,
    OtherTrustDomain,
    NotExpected,
}
