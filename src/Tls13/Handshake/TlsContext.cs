using Mesh.Tls13.Handshake.Interop;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// One identity in one role, parsed once and shared by all its handshakes. Any thread; handshakes begun before dispose go on.
/// </summary>
public sealed class TlsContext : IDisposable
{
    private TlsContext(TlsRole role, SafeContextHandle handle, KeyLogSink? keyLog)
    {
        Role = role;
        Handle = handle;
        KeyLog = keyLog;
    }

    public TlsRole Role { get; }
    internal SafeContextHandle Handle { get; }
    internal KeyLogSink? KeyLog { get; }

    /// <summary>Null with the problem when chain, key and roots do not make a usable context.</summary>
    public static TlsContext? TryCreate(TlsRole role, TlsCredentials credentials, out string? problem, KeyLogSink? keyLog = null) =>
        OpenSslContext.Create(role, credentials, out problem) is { } handle ? new TlsContext(role, handle, keyLog) : null;

    public void Dispose() => Handle.Dispose();
}
