using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>An SSL_CTX. OpenSSL counts references, so connections outlive it safely.</summary>
internal sealed class SafeContextHandle() : SafeHandle(0, ownsHandle: true)
{
    public SafeContextHandle(nint context) : this() => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_CTX_free(handle);
        return true;
    }
}
