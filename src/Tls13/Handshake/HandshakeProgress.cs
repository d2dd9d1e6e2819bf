namespace Mesh.Tls13.Handshake;

/// <summary>How far a handshake is.</summary>
public enum HandshakeProgress
{
    NeedMoreBytes,
    Complete,

    /// <summary>See <see cref="TlsHandshake.Problem"/>; output may still hold an alert for the peer.</summary>
    Failed,
}
