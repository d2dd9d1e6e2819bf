using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>An SSL and the two memory BIOs it owns.</summary>
internal sealed class SafeConnectionHandle() : SafeHandle(0, ownsHandle: true)
{
    public SafeConnectionHandle(nint ssl) : this() => SetHandle(ssl);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_free(handle);
        return true;
    }
}
