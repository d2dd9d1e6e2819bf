namespace Mesh.Tls13.Records;

/// <summary>What one record meant.</summary>
public enum TlsReading
{
    /// <summary>The payload is the application's.</summary>
    Data,

    /// <summary>The record was TLS's own business and is done with.</summary>
    Control,

    NeedMoreBytes,

    /// <summary>close_notify: the peer sends nothing any more.</summary>
    Closed,

    /// <summary>The peer sent an alert: see <see cref="TlsSession.Alert"/>.</summary>
    PeerAlert,

    /// <summary>The peer broke the protocol: send <see cref="TlsSession.Alert"/> and close.</summary>
    Failed,
}
