using System.Collections.Immutable;
using Mesh.Tls13.Handshake.Interop;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// Revocation lists parsed once and shared by all contexts that check them, which keep them alive. An issuer without a list, or with an
/// expired one, revokes nothing new. Any thread.
/// </summary>
public sealed class TlsRevocationLists : IDisposable
{
    private readonly ImmutableArray<SafeRevocationListHandle> lists;

    private TlsRevocationLists(ImmutableArray<SafeRevocationListHandle> lists) => this.lists = lists;

    /// <summary>Null with the problem when OpenSSL does not understand one of the lists (DER).</summary>
    public static TlsRevocationLists? TryCreate(IReadOnlyCollection<ReadOnlyMemory<byte>> ders, out string? problem)
    {
        problem = null;
        var handles = ImmutableArray.CreateBuilder<SafeRevocationListHandle>(ders.Count);
        foreach (var der in ders)
        {
            var handle = SafeRevocationListHandle.Parse(der.Span);
            handles.Add(handle);
            if (handle.IsInvalid) problem = "a revocation list is malformed: " + OpenSslErrors.Take();
        }
        var all = new TlsRevocationLists(handles.ToImmutable());
        if (problem is null) return all;
        all.Dispose();
        return null;
    }

    public void Dispose()
    {
        foreach (var list in lists) list.Dispose();
    }

    /// <summary>Null, or why OpenSSL refused one.</summary>
    internal string? AddTo(nint store)
    {
        foreach (var list in lists)
        {
            var taken = false;
            try
            {
                list.DangerousAddRef(ref taken);
                if (OpenSslCrypto.X509_STORE_add_crl(store, list.DangerousGetHandle()) != 1) return "a revocation list was refused: " + OpenSslErrors.Take();
            }
            finally
            {
                if (taken) list.DangerousRelease();
            }
        }
        return null;
    }
}
