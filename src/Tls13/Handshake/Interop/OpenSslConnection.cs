using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>One SSL over two memory BIOs. One owner, one thread at a time.</summary>
internal sealed unsafe class OpenSslConnection : IDisposable
{
    // OpenSSL calls back on the thread that drives the handshake, with no argument of ours.
    [ThreadStatic] private static HandshakeSecrets? listening;

    private readonly SafeConnectionHandle handle;
    private readonly nint ssl;
    private readonly nint input;
    private readonly nint output;

    public OpenSslConnection(SafeContextHandle context, TlsRole role)
    {
        var taken = false;
        try
        {
            context.DangerousAddRef(ref taken);
            ssl = OpenSsl.SSL_new(context.DangerousGetHandle()); // Takes a reference of its own.
        }
        finally
        {
            if (taken) context.DangerousRelease();
        }
        handle = new SafeConnectionHandle(ssl);
        input = OpenSslCrypto.BIO_new(OpenSslCrypto.BIO_s_mem());
        output = OpenSslCrypto.BIO_new(OpenSslCrypto.BIO_s_mem());
        if (handle.IsInvalid || input == 0 || output == 0) throw new InvalidOperationException("OpenSSL has no memory for a connection.");
        OpenSsl.SSL_set_bio(ssl, input, output); // Owns both from now on.
        if (role == TlsRole.Server) OpenSsl.SSL_set_accept_state(ssl);
        else OpenSsl.SSL_set_connect_state(ssl);
    }

    public int OutputBytes => (int)OpenSslCrypto.BIO_ctrl_pending(output);

    /// <summary>Hands over one record (or nothing, to begin) and goes on as far as possible.</summary>
    public HandshakeProgress Step(ReadOnlySpan<byte> record, HandshakeSecrets secrets)
    {
        fixed (byte* data = record)
        {
            if (record.Length > 0 && OpenSslCrypto.BIO_write(input, data, record.Length) != record.Length) return HandshakeProgress.Failed;
        }
        OpenSslCrypto.ERR_clear_error();
        listening = secrets;
        var result = OpenSsl.SSL_do_handshake(ssl);
        listening = null;
        if (result == 1) return HandshakeProgress.Complete;
        return OpenSsl.SSL_get_error(ssl, result) == OpenSsl.ErrorWantRead ? HandshakeProgress.NeedMoreBytes : HandshakeProgress.Failed;
    }

    public int ReadOutput(Span<byte> destination)
    {
        fixed (byte* data = destination)
        {
            return destination.IsEmpty ? 0 : Math.Max(0, OpenSslCrypto.BIO_read(output, data, destination.Length));
        }
    }

    public int CipherSuiteId => OpenSsl.SSL_CIPHER_get_protocol_id(OpenSsl.SSL_get_current_cipher(ssl));

    public bool HasAgreedOnH2
    {
        get
        {
            byte* protocol;
            uint length;
            OpenSsl.SSL_get0_alpn_selected(ssl, &protocol, &length);
            return new ReadOnlySpan<byte>(protocol, (int)length).SequenceEqual("h2"u8);
        }
    }

    public byte[] PeerLeaf()
    {
        var certificate = OpenSsl.SSL_get1_peer_certificate(ssl);
        if (certificate == 0) return [];
        var der = Encode(certificate);
        OpenSslCrypto.X509_free(certificate);
        return der;
    }

    public byte[][] PeerChain()
    {
        var stack = OpenSsl.SSL_get0_verified_chain(ssl); // The connection's own.
        var chain = new byte[stack == 0 ? 0 : Math.Max(0, OpenSslCrypto.OPENSSL_sk_num(stack))][];
        for (var i = 0; i < chain.Length; i++) chain[i] = Encode(OpenSslCrypto.OPENSSL_sk_value(stack, i));
        return chain;
    }

    /// <summary>A list says that a certificate of the peer's chain is revoked.</summary>
    public bool IsPeerRevoked => OpenSsl.SSL_get_verify_result(ssl) == OpenSslCrypto.ErrorRevoked;

    /// <summary>Why the last step failed, in words an operator can use.</summary>
    public string Problem()
    {
        var reason = OpenSslErrors.Take();
        var verification = OpenSsl.SSL_get_verify_result(ssl);
        if (verification == 0) return reason;
        return reason + ": " + Marshal.PtrToStringUTF8((nint)OpenSslCrypto.X509_verify_cert_error_string(verification));
    }

    public void Dispose() => handle.Dispose();

    private static byte[] Encode(nint certificate)
    {
        var length = OpenSslCrypto.i2d_X509(certificate, null);
        var der = new byte[Math.Max(0, length)];
        fixed (byte* start = der)
        {
            var at = start;
            if (length > 0) _ = OpenSslCrypto.i2d_X509(certificate, &at);
        }
        return der;
    }

    [UnmanagedCallersOnly]
    internal static void OnKeyLog(nint connection, byte* line) =>
        listening?.Take(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));
}
