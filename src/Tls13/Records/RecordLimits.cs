namespace Mesh.Tls13.Records;

/// <summary>The sizes of a TLS 1.3 record (RFC 8446, sections 5.1 and 5.2), and how long one key may be used.</summary>
public static class RecordLimits
{
    public const int HeaderBytes = 5;
    public const int TagBytes = 16;

    /// <summary>After the payload: its content type and the tag.</summary>
    public const int TrailerBytes = 1 + TagBytes;

    public const int PayloadBytesMax = 16 * 1024;
    public const int CiphertextBytesMax = PayloadBytesMax + 256;

    /// <summary>The longest record on the wire.</summary>
    public const int RecordBytesMax = HeaderBytes + CiphertextBytesMax;

    /// <summary>Records sealed under one key before we change it: below the 2^24.5 of RFC 8446, section 5.5.</summary>
    public const ulong RecordsPerKeyMax = 1UL << 24;

    /// <summary>Records without data that a peer may send in a row: tickets and key updates are few, a flood is an attack.</summary>
    public const int IdleRecordsMax = 128;
}
