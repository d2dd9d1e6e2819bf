using System.Runtime.InteropServices;

namespace Mesh.Tls13.Handshake.Interop;

/// <summary>Reads this thread's OpenSSL error queue.</summary>
internal static unsafe class OpenSslErrors
{
    private const int TextBytesMax = 256;

    /// <summary>The oldest error's text; the queue is empty afterwards.</summary>
    public static string Take()
    {
        var code = OpenSslCrypto.ERR_get_error();
        OpenSslCrypto.ERR_clear_error();
        if (code == 0) return "no reason given";
        var text = stackalloc byte[TextBytesMax];
        OpenSslCrypto.ERR_error_string_n(code, text, TextBytesMax);
        var whole = Marshal.PtrToStringUTF8((nint)text) ?? "";
        return whole[(whole.LastIndexOf(':') + 1)..]; // "error:CODE:library:function:reason": the reason is what a person can use.
    }
}
