using System.Security.Cryptography;

namespace Mesh.Identity;

/// <summary>Reads the CERTIFICATE blocks of a PEM text, bounded; other blocks and text between blocks are passed over.</summary>
internal static class PemBlocks
{
    public const int CertificatesMax = 256;
    public const int CertificateBytesMax = 64 * 1024;
    public const int TextCharsMax = 4 * 1024 * 1024;

    /// <summary>Null, or why the text was refused.</summary>
    public static string? ReadCertificates(ReadOnlySpan<char> pem, List<byte[]> certificates)
    {
        if (pem.Length > TextCharsMax) return $"PEM text is longer than {TextCharsMax} characters";
        while (PemEncoding.TryFind(pem, out var fields))
        {
            if (pem[fields.Label] is "CERTIFICATE")
            {
                if (certificates.Count == CertificatesMax) return $"more than {CertificatesMax} certificates";
                if (fields.DecodedDataLength > CertificateBytesMax) return $"a certificate is longer than {CertificateBytesMax} bytes";
                var der = new byte[fields.DecodedDataLength];
                if (!Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out var written)) return "a CERTIFICATE block is not base64";
                certificates.Add(written == der.Length ? der : der[..written]);
            }
            pem = pem[fields.Location.End..];
        }
        // A begin line that PemEncoding did not take is a damaged block, and damage must not look like an empty file.
        return pem.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal) ? "a CERTIFICATE block is damaged" : null;
    }

    public static string Write(IEnumerable<ReadOnlyMemory<byte>> certificates)
    {
        var text = new System.Text.StringBuilder();
        foreach (var der in certificates) text.Append(PemEncoding.WriteString("CERTIFICATE", der.Span)).Append('\n');
        return text.ToString();
    }
}
