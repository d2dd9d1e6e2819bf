namespace Mesh.Dns;

/// <summary>What came of reading a request.</summary>
public enum DnsQueryRead
{
    /// <summary>One question, well formed.</summary>
    Complete,

    /// <summary>Less than a header: there is nobody to answer.</summary>
    Ignore,
    FormatError,
    NotImplemented,

    /// <summary>A version of EDNS that does not exist yet; the question is readable.</summary>
    BadVersion,
}
