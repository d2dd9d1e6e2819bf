using System.Security.Cryptography;
using Mesh.Tls13.Records.Interop;

namespace Mesh.Tls13.Records;

/// <summary>AES-GCM of one direction under one key, in place, by the fastest library there is. One owner, one thread.</summary>
internal sealed class RecordCipher : IDisposable
{
    private readonly VaesKey? wide;
    private readonly AesGcm? portable;

    public RecordCipher(ReadOnlySpan<byte> key, bool allowWide = true)
    {
        if (allowWide && VaesLibrary.IsAvailable) wide = new VaesKey(key);
        else portable = new AesGcm(key, RecordLimits.TagBytes);
    }

    public void Seal(ReadOnlySpan<byte> nonce, Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> header)
    {
        if (wide is not null) wide.Seal(nonce, text, tag, header);
        else portable!.Encrypt(nonce, text, text, tag, header);
    }

    /// <summary>False for a forged text.</summary>
    public bool TryOpen(ReadOnlySpan<byte> nonce, Span<byte> text, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> header)
    {
        if (wide is not null) return wide.TryOpen(nonce, text, tag, header);
        try
        {
            portable!.Decrypt(nonce, text, tag, text, header);
            return true;
        }
        catch (AuthenticationTagMismatchException) // The library's only way to say so; it ends the connection.
        {
            return false;
        }
    }

    public void Dispose()
    {
        wide?.Dispose();
        portable?.Dispose();
    }
}
