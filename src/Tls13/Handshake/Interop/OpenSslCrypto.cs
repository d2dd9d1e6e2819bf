using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>Declarations of OpenSSL 3's libcrypto.</summary>
internal static unsafe partial class OpenSslCrypto
{
    private const string Library = "libcrypto.so.3";

    /// <summary>A bundle's certificates are anchors as they stand, self-signed or not.</summary>
    public const nuint VerifyPartialChain = 0x8_0000;
    public const nuint VerifyCrlCheckAll = 0x4 | 0x8;

    [LibraryImport(Library)] public static partial nint d2i_X509(nint target, byte** der, nint length);
    [LibraryImport(Library)] public static partial int i2d_X509(nint certificate, byte** der);
    [LibraryImport(Library)] public static partial void X509_free(nint certificate);
    [LibraryImport(Library)] public static partial int X509_STORE_add_cert(nint store, nint certificate);
    [LibraryImport(Library)] public static partial int X509_STORE_set_flags(nint store, nuint flags);
    [LibraryImport(Library)] public static partial byte* X509_verify_cert_error_string(nint code);
    public const int ErrorNoRevocationList = 3;
    public const int ErrorRevocationListNotYetValid = 11;
    public const int ErrorRevocationListExpired = 12;
    public const int ErrorRevoked = 23;

    [LibraryImport(Library)] public static partial nint d2i_X509_CRL(nint target, byte** der, nint length);
    [LibraryImport(Library)] public static partial void X509_CRL_free(nint list);
    [LibraryImport(Library)] public static partial int X509_STORE_add_crl(nint store, nint list);
    [LibraryImport(Library)] public static partial int X509_STORE_CTX_get_error(nint context);
    [LibraryImport(Library)] public static partial void X509_STORE_CTX_set_error(nint context, int error);
    [LibraryImport(Library)] public static partial int OPENSSL_sk_num(nint stack);
    [LibraryImport(Library)] public static partial nint OPENSSL_sk_value(nint stack, int at);
    [LibraryImport(Library)] public static partial nint d2i_AutoPrivateKey(nint target, byte** der, nint length);
    [LibraryImport(Library)] public static partial void EVP_PKEY_free(nint key);
    [LibraryImport(Library)] public static partial nint BIO_s_mem();
    [LibraryImport(Library)] public static partial nint BIO_new(nint method);
    [LibraryImport(Library)] public static partial int BIO_free(nint bio);
    [LibraryImport(Library)] public static partial int BIO_write(nint bio, byte* data, int length);
    [LibraryImport(Library)] public static partial int BIO_read(nint bio, byte* data, int length);
    [LibraryImport(Library)] public static partial nuint BIO_ctrl_pending(nint bio);
    [LibraryImport(Library)] public static partial nuint ERR_get_error();
    [LibraryImport(Library)] public static partial void ERR_clear_error();
    [LibraryImport(Library)] public static partial void ERR_error_string_n(nuint code, byte* text, nuint length);
}
