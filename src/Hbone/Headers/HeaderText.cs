using System.Text;
using Mesh.Http2;

namespace Mesh.Hbone;

/// <summary>Puts text into header fields.</summary>
internal static class HeaderText
{
    public const int ValueBytesMax = 4096;

    /// <summary>Adds a field; a longer value marks the list as overflowed, so it is never sent cut.</summary>
    public static void Add(ref HeaderBuilder headers, ReadOnlySpan<byte> name, string value, HeaderIndexing indexing)
    {
        Span<byte> bytes = stackalloc byte[Math.Min(value.Length, ValueBytesMax)];
        if (Encoding.Latin1.TryGetBytes(value, bytes, out var written)) headers.Add(name, bytes[..written], indexing);
        else headers.Add(name, new byte[HeaderBudget], indexing); // Too long on purpose: the builder notes it.
    }

    private const int HeaderBudget = 64 * 1024;
}
