using System.Security.Cryptography;

namespace Mesh.Tls13;

/// <summary>Sizes and hash of each suite.</summary>
internal static class CipherSuites
{
    public const int SecretBytesMax = 48;
    public const int KeyBytesMax = 32;

    public static int SecretBytes(this CipherSuite suite) => suite switch
    {
        CipherSuite.Aes128GcmSha256 => 32,
        CipherSuite.Aes256GcmSha384 => 48,
    };

    public static int KeyBytes(this CipherSuite suite) => suite switch
    {
        CipherSuite.Aes128GcmSha256 => 16,
        CipherSuite.Aes256GcmSha384 => 32,
    };

    public static HashAlgorithmName Hash(this CipherSuite suite) => suite switch
    {
        CipherSuite.Aes128GcmSha256 => HashAlgorithmName.SHA256,
        CipherSuite.Aes256GcmSha384 => HashAlgorithmName.SHA384,
    };
}
