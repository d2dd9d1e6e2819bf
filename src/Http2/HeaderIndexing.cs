namespace Mesh.Http2;

/// <summary>How a header field may be compressed.</summary>
public enum HeaderIndexing : byte
{
    /// <summary>Sent as it is: for values that differ each time.</summary>
    None,

    /// <summary>Remembered by both ends: for values that one connection repeats.</summary>
    Remember,

    /// <summary>A secret that no hop may put into a table (RFC 7541, 7.1.3).</summary>
    Never,
}
