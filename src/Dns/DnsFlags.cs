namespace Mesh.Dns;

/// <summary>The bits of a header's second word; opcode and response code stand between them.</summary>
[Flags]
public enum DnsFlags
{
    None = 0,
    Response = 0x8000,
    Authoritative = 0x0400,
    Truncated = 0x0200,
    RecursionDesired = 0x0100,
    RecursionAvailable = 0x0080,
    AuthenticData = 0x0020,
    CheckingDisabled = 0x0010,
}
