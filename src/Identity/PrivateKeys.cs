using System.Security.Cryptography;

namespace Mesh.Identity;

/// <summary>Reads private keys of the kinds that mesh certificates use: ECDSA and RSA.</summary>
internal static class PrivateKeys
{
    /// <summary>Whether the PKCS #8 key's public half is this SubjectPublicKeyInfo.</summary>
    public static bool Match(ReadOnlySpan<byte> pkcs8, ReadOnlySpan<byte> publicKeyInfo)
    {
        using var key = TryImport(pkcs8);
        return key is not null && key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKeyInfo);
    }

    /// <summary>The key of a PKCS #8 block, or null when it is neither kind.</summary>
    public static AsymmetricAlgorithm? TryImport(ReadOnlySpan<byte> pkcs8) =>
        TryImport(ECDsa.Create(), pkcs8) ?? TryImport(RSA.Create(), pkcs8);

    /// <summary>The key of a PEM text: PKCS #8, SEC 1 or PKCS #1.</summary>
    public static AsymmetricAlgorithm? TryImportPem(ReadOnlySpan<char> pem) => TryImportPem(ECDsa.Create(), pem) ?? TryImportPem(RSA.Create(), pem);

    private static AsymmetricAlgorithm? TryImport(AsymmetricAlgorithm key, ReadOnlySpan<byte> pkcs8)
    {
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            if (read == pkcs8.Length) return key;
        }
        catch (CryptographicException) { } // The library's only way to say "another kind of key".
        key.Dispose();
        return null;
    }

    private static AsymmetricAlgorithm? TryImportPem(AsymmetricAlgorithm key, ReadOnlySpan<char> pem)
    {
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException) { } // As above.
        key.Dispose();
        return null;
    }
}
