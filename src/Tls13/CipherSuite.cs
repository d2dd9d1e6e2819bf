namespace Mesh.Tls13;

/// <summary>The two suites the mesh speaks (RFC 8446, appendix B.4), by their wire value.</summary>
public enum CipherSuite
{
    Aes128GcmSha256 = 0x1301,
    Aes256GcmSha384 = 0x1302,
}
