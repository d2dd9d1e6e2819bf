namespace Mesh.Xds.Client;

/// <summary>Why a stream ended, as operators count it.</summary>
public enum StreamEndReason
{
    /// <summary>The server ended a stream that worked, without an error.</summary>
    Complete,
    /// <summary>A stream that worked ended as streams do: recycled, timed out, or its connection was lost.</summary>
    Reconnect,
    /// <summary>The server refused, or said what we do not accept.</summary>
    Error,
    /// <summary>No answer came: no connection, no trust, or no token to show.</summary>
    ConnectionError,
}
