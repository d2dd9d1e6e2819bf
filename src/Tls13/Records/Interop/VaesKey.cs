using System.Security.Cryptography;

namespace Mesh.Tls13.Records.Interop;

/// <summary>One AES-GCM key expanded for <see cref="VaesLibrary"/>. One owner, one thread; zeroed on dispose.</summary>
internal sealed unsafe class VaesKey : IDisposable
{
    // Pinned for its life: the library wants its memory aligned.
    private readonly byte[] memory = GC.AllocateArray<byte>(VaesLibrary.KeyBytes + VaesLibrary.ContextBytes + VaesLibrary.Alignment, pinned: true);
    private readonly byte* expanded;
    private readonly bool is128;

    public VaesKey(ReadOnlySpan<byte> key)
    {
        is128 = key.Length == 16;
        fixed (byte* start = memory) expanded = (byte*)(((nuint)start + VaesLibrary.Alignment - 1) & ~(nuint)(VaesLibrary.Alignment - 1));
        VaesLibrary.Expand(key, expanded);
    }

    private byte* Context => expanded + VaesLibrary.KeyBytes;

    public void Seal(ReadOnlySpan<byte> nonce, Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> header)
    {
        fixed (byte* n = nonce, t = text, g = tag, h = header)
            VaesLibrary.Seal(is128, expanded, Context, t, text.Length, n, h, header.Length, g);
        GC.KeepAlive(this);
    }

    /// <summary>False for a forged text, of which nothing is left then.</summary>
    public bool TryOpen(ReadOnlySpan<byte> nonce, Span<byte> text, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> header)
    {
        Span<byte> computed = stackalloc byte[RecordLimits.TagBytes];
        fixed (byte* n = nonce, t = text, g = computed, h = header)
            VaesLibrary.Open(is128, expanded, Context, t, text.Length, n, h, header.Length, g);
        GC.KeepAlive(this);
        if (CryptographicOperations.FixedTimeEquals(computed, tag)) return true;
        CryptographicOperations.ZeroMemory(text);
        return false;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(memory);
}
