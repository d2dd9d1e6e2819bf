using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>An X509_CRL. OpenSSL counts references, so stores outlive it safely.</summary>
internal sealed unsafe class SafeRevocationListHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    /// <summary>Invalid when the bytes are not a revocation list.</summary>
    public static SafeRevocationListHandle Parse(ReadOnlySpan<byte> der)
    {
        var parsed = new SafeRevocationListHandle();
        OpenSslCrypto.ERR_clear_error();
        fixed (byte* start = der)
        {
            var at = start;
            parsed.SetHandle(OpenSslCrypto.d2i_X509_CRL(0, &at, der.Length));
        }
        return parsed;
    }

    protected override bool ReleaseHandle()
    {
        OpenSslCrypto.X509_CRL_free(handle);
        return true;
    }
}
