using System.Buffers.Binary;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>An endless sequence of bytes per seed that can be made from any position, so every byte of a transfer can be judged.</summary>
internal static class Pattern
{
    public static void Fill(Span<byte> destination, uint seed, long position)
    {
        Span<byte> word = stackalloc byte[8];
        var at = 0;
        while (at < destination.Length)
        {
            var index = (position + at) >> 3;
            var skip = (int)((position + at) & 7);
            BinaryPrimitives.WriteUInt64LittleEndian(word, Mix(((ulong)seed << 40) ^ (ulong)index));
            var count = Math.Min(8 - skip, destination.Length - at);
            word.Slice(skip, count).CopyTo(destination[at..]);
            at += count;
        }
    }

    /// <summary>The place of the first wrong byte, or -1.</summary>
    public static int FirstWrong(ReadOnlySpan<byte> bytes, uint seed, long position)
    {
        Span<byte> expected = stackalloc byte[4096];
        for (var at = 0; at < bytes.Length; at += expected.Length)
        {
            var part = bytes[at..Math.Min(bytes.Length, at + expected.Length)];
            Fill(expected[..part.Length], seed, position + at);
            var same = part.CommonPrefixLength(expected);
            if (same < part.Length) return at + same;
        }

        return -1;
    }

    private static ulong Mix(ulong x) // The finaliser of splitmix64: neighbours share nothing.
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
