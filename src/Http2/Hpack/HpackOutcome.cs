namespace Mesh.Http2.Hpack;

/// <summary>What came of decoding a header block.</summary>
internal enum HpackOutcome
{
    Decoded,

    /// <summary>The list passes its limits; the table is in step, so only the stream suffers.</summary>
    ListTooLarge,

    /// <summary>One field alone passes the limit of the whole list: the table is out of step.</summary>
    FieldTooLarge,

    /// <summary>Not HPACK: the table is out of step, the connection cannot go on.</summary>
    Malformed,
}
