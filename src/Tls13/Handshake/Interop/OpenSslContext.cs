using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>Builds an SSL_CTX with the mesh's rules: TLS 1.3, mutual authentication, h2, no tickets, no resumption.</summary>
internal static unsafe class OpenSslContext
{
    private const int ChainDepthMax = 8;

    /// <summary>Null with the problem when OpenSSL refuses an input.</summary>
    public static SafeContextHandle? Create(TlsRole role, TlsCredentials credentials, out string? problem)
    {
        // .NET's own cryptography lives in the same library and expects it to outlive the runtime.
        _ = OpenSsl.OPENSSL_init_ssl(OpenSsl.InitNoAtExit, 0);
        OpenSslCrypto.ERR_clear_error();
        var handle = new SafeContextHandle(OpenSsl.SSL_CTX_new(OpenSsl.TLS_method()));
        problem = handle.IsInvalid ? "no memory for a TLS context" : null;
        var context = handle.DangerousGetHandle(); // Alive: this method holds the handle to its end.
        problem ??= SetProtocol(context, role);
        problem ??= SetIdentity(context, credentials);
        problem ??= SetRoots(context, credentials);
        problem ??= SetRevocationLists(context, credentials);
        if (problem is null) return handle;
        handle.Dispose();
        return null;
    }

    private static string? SetProtocol(nint context, TlsRole role)
    {
        var good = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlMinProtocol, OpenSsl.Tls13, 0) == 1
            && OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlMaxProtocol, OpenSsl.Tls13, 0) == 1;
        fixed (byte* suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\0"u8)
        fixed (byte* groups = "X25519:P-256:P-384\0"u8)
        fixed (byte* h2 = "\x02h2"u8)
        {
            good &= OpenSsl.SSL_CTX_set_ciphersuites(context, suites) == 1;
            good &= OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlGroupsList, 0, (nint)groups) == 1;
            good &= OpenSsl.SSL_CTX_set_num_tickets(context, 0) == 1;
            good &= OpenSsl.SSL_CTX_set_session_id_context(context, h2, 3) == 1;
            OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlSessionCacheMode, 0, 0);
            // A peer that stops in the middle of its handshake must not hold two record buffers.
            OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlMode, OpenSsl.ModeReleaseBuffers, 0);
            OpenSsl.SSL_CTX_set_options(context, OpenSsl.OptionCipherServerPreference);
            OpenSsl.SSL_CTX_set_verify(context, OpenSsl.VerifyPeer | OpenSsl.VerifyFailIfNoPeerCertificate, null);
            OpenSsl.SSL_CTX_set_verify_depth(context, ChainDepthMax);
            OpenSsl.SSL_CTX_set_keylog_callback(context, &OpenSslConnection.OnKeyLog);
            if (role == TlsRole.Server) OpenSsl.SSL_CTX_set_alpn_select_cb(context, &SelectH2, 0);
            else good &= OpenSsl.SSL_CTX_set_alpn_protos(context, h2, 3) == 0; // Zero is its success.
        }
        return good ? null : "OpenSSL refused the protocol settings: " + OpenSslErrors.Take();
    }

    private static string? SetIdentity(nint context, TlsCredentials credentials)
    {
        if (credentials.Chain.Length == 0) return "no certificate";
        for (var i = 0; i < credentials.Chain.Length; i++)
        {
            var certificate = ReadCertificate(credentials.Chain[i].Span);
            if (certificate == 0) return $"certificate {i} of the chain is malformed";
            var added = i == 0
                ? OpenSsl.SSL_CTX_use_certificate(context, certificate)
                : OpenSsl.SSL_CTX_ctrl(context, OpenSsl.CtrlChainCertificate, 1 /* takes a reference of its own */, certificate);
            OpenSslCrypto.X509_free(certificate);
            if (added != 1) return $"certificate {i} of the chain was refused: " + OpenSslErrors.Take();
        }
        nint key;
        fixed (byte* der = credentials.PrivateKey)
        {
            var at = der;
            key = OpenSslCrypto.d2i_AutoPrivateKey(0, &at, credentials.PrivateKey.Length);
        }
        if (key == 0) return "the private key is malformed";
        var used = OpenSsl.SSL_CTX_use_PrivateKey(context, key);
        OpenSslCrypto.EVP_PKEY_free(key);
        return used == 1 && OpenSsl.SSL_CTX_check_private_key(context) == 1 ? null : "the private key does not fit: " + OpenSslErrors.Take();
    }

    private static string? SetRoots(nint context, TlsCredentials credentials)
    {
        if (credentials.Roots.Length == 0) return "no root certificate";
        var store = OpenSsl.SSL_CTX_get_cert_store(context);
        _ = OpenSslCrypto.X509_STORE_set_flags(store, OpenSslCrypto.VerifyPartialChain);
        foreach (var root in credentials.Roots)
        {
            var certificate = ReadCertificate(root.Span);
            if (certificate == 0) return "a root certificate is malformed";
            var added = OpenSslCrypto.X509_STORE_add_cert(store, certificate);
            OpenSslCrypto.X509_free(certificate);
            if (added != 1) return "a root certificate was refused: " + OpenSslErrors.Take();
        }
        return null;
    }

    private static string? SetRevocationLists(nint context, TlsCredentials credentials)
    {
        if (credentials.RevocationLists is not { } lists) return null;
        var store = OpenSsl.SSL_CTX_get_cert_store(context);
        if (lists.AddTo(store) is { } problem) return problem;
        _ = OpenSslCrypto.X509_STORE_set_flags(store, OpenSslCrypto.VerifyCrlCheckAll);
        OpenSsl.SSL_CTX_set_verify(context, OpenSsl.VerifyPeer | OpenSsl.VerifyFailIfNoPeerCertificate, &Judge);
        return null;
    }

    /// <summary>Lets pass what only says that nobody published a (current) list; what a list names stays revoked, and every other finding stands.</summary>
    [UnmanagedCallersOnly]
    private static int Judge(int good, nint verification)
    {
        if (good == 1) return 1;
        var error = OpenSslCrypto.X509_STORE_CTX_get_error(verification);
        var isWithoutList = error is OpenSslCrypto.ErrorNoRevocationList
            or OpenSslCrypto.ErrorRevocationListExpired or OpenSslCrypto.ErrorRevocationListNotYetValid;
        if (!isWithoutList) return 0;
        OpenSslCrypto.X509_STORE_CTX_set_error(verification, 0);
        return 1;
    }

    private static nint ReadCertificate(ReadOnlySpan<byte> der)
    {
        fixed (byte* start = der)
        {
            var at = start;
            return OpenSslCrypto.d2i_X509(0, &at, der.Length);
        }
    }

    [UnmanagedCallersOnly]
    private static int SelectH2(nint ssl, byte** selected, byte* selectedBytes, byte* offered, uint offeredBytes, nint argument)
    {
        for (uint at = 0; at < offeredBytes; at += 1u + offered[at])
        {
            if (offered[at] != 2 || at + 2 >= offeredBytes || offered[at + 1] != (byte)'h' || offered[at + 2] != (byte)'2') continue;
            *selected = offered + at + 1;
            *selectedBytes = 2;
            return OpenSsl.AlpnSelected;
        }
        return OpenSsl.AlpnFatal;
    }
}
