namespace Mesh.Tls13.Records;

/// <summary>How opening one record ended.</summary>
internal enum RecordOpening
{
    Opened,
    NeedMoreBytes,

    /// <summary>Not a protected record of TLS 1.3.</summary>
    Unexpected,
    TooLong,

    /// <summary>The tag is wrong: another key, another sequence number, or a forger.</summary>
    Forged,

    /// <summary>Nothing but padding inside.</summary>
    NoType,
}
