using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Mesh.Tls13.Records;

/// <summary>The part of the TLS 1.3 key schedule that lies after the handshake (RFC 8446, sections 7.1 to 7.3). Pure.</summary>
internal static class KeySchedule
{
    public const int NonceBytes = 12;

    private const int LabelBytesMax = 255;

    /// <summary>HKDF-Expand-Label with an empty context.</summary>
    public static void ExpandLabel(CipherSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<char> label, Span<byte> output)
    {
        Span<byte> info = stackalloc byte[2 + 1 + LabelBytesMax + 1];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)output.Length);
        var labelBytes = "tls13 "u8.Length + label.Length;
        info[2] = (byte)labelBytes;
        "tls13 "u8.CopyTo(info[3..]);
        Encoding.ASCII.GetBytes(label, info[9..]);
        info[3 + labelBytes] = 0;
        HKDF.Expand(suite.Hash(), secret, output, info[..(4 + labelBytes)]);
    }

    /// <summary>The cipher of a traffic secret; its write IV goes to <paramref name="iv"/>.</summary>
    public static RecordCipher CreateCipher(CipherSuite suite, ReadOnlySpan<byte> secret, Span<byte> iv)
    {
        Span<byte> key = stackalloc byte[CipherSuites.KeyBytesMax];
        key = key[..suite.KeyBytes()];
        ExpandLabel(suite, secret, "key", key);
        ExpandLabel(suite, secret, "iv", iv[..NonceBytes]);
        var cipher = new RecordCipher(key);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    /// <summary>Replaces a traffic secret by its successor (key update).</summary>
    public static void Update(CipherSuite suite, Span<byte> secret)
    {
        Span<byte> next = stackalloc byte[CipherSuites.SecretBytesMax];
        next = next[..suite.SecretBytes()];
        ExpandLabel(suite, secret, "traffic upd", next);
        next.CopyTo(secret);
        CryptographicOperations.ZeroMemory(next);
    }
}
