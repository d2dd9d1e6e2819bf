namespace Mesh.Dns;

/// <summary>How a question was answered (RFC 1035, 4.1.1; RFC 6891 for those above 15). Other numbers are valid.</summary>
public enum DnsResponseCode : ushort
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
    BadVersion = 16,
}
