namespace Mesh.Hbone;

/// <summary>Why a relay ended. "First" is the application of a tunnel relay, the client of a socket relay; "second" is the other side.</summary>
public enum RelayEnd
{
    /// <summary>Both directions ended in order.</summary>
    Closed,
    FirstReset,
    SecondReset,
    FirstFailed,
    SecondFailed,

    /// <summary>The tunnel under the stream ended.</summary>
    TunnelClosed,

    /// <summary>The tunnel's peer answered nothing for too long.</summary>
    PeerSilent,

    /// <summary>The peer answered an early stream with another status than 200: see <see cref="RelayResult.Status"/>.</summary>
    Rejected,
    ResponseTimeout,
    OutOfBuffers,
    PolicyDenied,
    Drained,
    CertificateRevoked,
    PeerChanged,
    Fault,
}
