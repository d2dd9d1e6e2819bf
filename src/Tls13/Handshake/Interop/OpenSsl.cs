using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>Declarations of OpenSSL 3's libssl; pointers are owned as its manual pages say.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Library = "libssl.so.3";

    public const int ErrorNone = 0;
    public const int ErrorWantRead = 2;
    public const int VerifyPeer = 1;
    public const int VerifyFailIfNoPeerCertificate = 2;
    public const int CtrlChainCertificate = 89;
    public const int CtrlSessionCacheMode = 44;
    public const int CtrlMode = 33;
    public const int ModeReleaseBuffers = 0x10;
    public const int CtrlMinProtocol = 123;
    public const int CtrlMaxProtocol = 124;
    public const int CtrlGroupsList = 92;
    public const int Tls13 = 0x0304;
    public const ulong OptionCipherServerPreference = 1UL << 22;
    public const ulong InitNoAtExit = 0x0008_0000;
    public const int AlpnSelected = 0;
    public const int AlpnFatal = 2;

    [LibraryImport(Library)] public static partial int OPENSSL_init_ssl(ulong options, nint settings);
    [LibraryImport(Library)] public static partial nint TLS_method();
    [LibraryImport(Library)] public static partial nint SSL_CTX_new(nint method);
    [LibraryImport(Library)] public static partial void SSL_CTX_free(nint context);
    [LibraryImport(Library)] public static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);
    [LibraryImport(Library)] public static partial ulong SSL_CTX_set_options(nint context, ulong options);
    [LibraryImport(Library)] public static partial int SSL_CTX_set_ciphersuites(nint context, byte* names);
    [LibraryImport(Library)] public static partial void SSL_CTX_set_verify(nint context, int mode, delegate* unmanaged<int, nint, int> callback);
    [LibraryImport(Library)] public static partial void SSL_CTX_set_verify_depth(nint context, int depth);
    [LibraryImport(Library)] public static partial nint SSL_CTX_get_cert_store(nint context);
    [LibraryImport(Library)] public static partial int SSL_CTX_use_certificate(nint context, nint certificate);
    [LibraryImport(Library)] public static partial int SSL_CTX_use_PrivateKey(nint context, nint key);
    [LibraryImport(Library)] public static partial int SSL_CTX_check_private_key(nint context);
    [LibraryImport(Library)] public static partial int SSL_CTX_set_num_tickets(nint context, nuint count);
    [LibraryImport(Library)] public static partial int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);
    [LibraryImport(Library)] public static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);
    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);
    [LibraryImport(Library)] public static partial void SSL_CTX_set_keylog_callback(nint context, delegate* unmanaged<nint, byte*, void> callback);

    [LibraryImport(Library)] public static partial nint SSL_new(nint context);
    [LibraryImport(Library)] public static partial void SSL_free(nint ssl);
    [LibraryImport(Library)] public static partial void SSL_set_bio(nint ssl, nint read, nint write);
    [LibraryImport(Library)] public static partial void SSL_set_accept_state(nint ssl);
    [LibraryImport(Library)] public static partial void SSL_set_connect_state(nint ssl);
    [LibraryImport(Library)] public static partial int SSL_do_handshake(nint ssl);
    [LibraryImport(Library)] public static partial int SSL_get_error(nint ssl, int result);
    [LibraryImport(Library)] public static partial nint SSL_get_current_cipher(nint ssl);
    [LibraryImport(Library)] public static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);
    [LibraryImport(Library)] public static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);
    [LibraryImport(Library)] public static partial nint SSL_get1_peer_certificate(nint ssl);
    [LibraryImport(Library)] public static partial nint SSL_get0_verified_chain(nint ssl);
    [LibraryImport(Library)] public static partial nint SSL_get_verify_result(nint ssl);
}
