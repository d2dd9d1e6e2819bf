namespace Mesh.Http2.Hpack;

/// <summary>
/// RFC 7541, appendix B. The code is canonical, so its table is the code lengths alone; decoding walks a table of
/// tree nodes four bits at a time (257 nodes, 16 KiB).
/// </summary>
internal static class Huffman
{
    private const int Symbols = 257;
    private const int EndOfString = 256;
    private const int LengthMax = 30;
    private const int Emits = 1 << 8;
    private const int Fails = 1 << 9;

    private static readonly uint[] Codes = new uint[Symbols];

    /// <summary>By node and half byte: next node in the high half, <see cref="Emits"/>, <see cref="Fails"/>, symbol in the low 8 bits.</summary>
    private static readonly int[] Steps;

    /// <summary>Nodes at which a string may end: the root, and up to seven one-bits below it (RFC 7541, 5.2).</summary>
    private static readonly bool[] MayEnd;

    static Huffman()
    {
        AssignCodes();
        var children = GrowTree();
        Steps = new int[children.Length / 2 * 16];
        for (var node = 0; node < children.Length / 2; node++)
        {
            for (var half = 0; half < 16; half++) Steps[node * 16 + half] = Walk(children, node, half);
        }

        MayEnd = new bool[children.Length / 2];
        for (int node = 0, ones = 0; ones < 8; ones++, node = children[node * 2 + 1]) MayEnd[node] = true;
    }

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    public static int EncodedLength(ReadOnlySpan<byte> text)
    {
        long bits = 0;
        foreach (var symbol in text) bits += Lengths[symbol];
        return (int)((bits + 7) / 8);
    }

    /// <summary>The output has room for <see cref="EncodedLength"/>.</summary>
    public static int Encode(ReadOnlySpan<byte> text, Span<byte> output)
    {
        ulong waiting = 0;
        var bits = 0;
        var used = 0;
        foreach (var symbol in text)
        {
            waiting = (waiting << Lengths[symbol]) | Codes[symbol];
            for (bits += Lengths[symbol]; bits >= 8; bits -= 8) output[used++] = (byte)(waiting >> (bits - 8));
        }

        if (bits > 0) output[used++] = (byte)((waiting << (8 - bits)) | (0xFFu >> bits));
        return used;
    }

    /// <summary>The decoded length, -1 for a code that is not one, -2 when the output is too short.</summary>
    public static int Decode(ReadOnlySpan<byte> coded, Span<byte> output)
    {
        var node = 0;
        var used = 0;
        foreach (var octet in coded)
        {
            for (var shift = 4; shift >= 0; shift -= 4)
            {
                var step = Steps[node * 16 + ((octet >> shift) & 0xF)];
                if ((step & Fails) != 0) return HuffmanFault.NotACode;
                if ((step & Emits) != 0)
                {
                    if (used == output.Length) return HuffmanFault.NoRoom;
                    output[used++] = (byte)step;
                }

                node = step >> 16;
            }
        }

        return MayEnd[node] ? used : HuffmanFault.NotACode;
    }

    private static void AssignCodes()
    {
        uint code = 0;
        for (var length = 1; length <= LengthMax; length++)
        {
            for (var symbol = 0; symbol < Symbols; symbol++)
            {
                if (Lengths[symbol] == length) Codes[symbol] = code++;
            }

            code <<= 1;
        }
    }

    // Two entries per inner node: above zero an inner node, below zero -1 - symbol.
    private static int[] GrowTree()
    {
        var children = new int[(Symbols - 1) * 2];
        var nodes = 1;
        for (var symbol = 0; symbol < Symbols; symbol++)
        {
            var node = 0;
            for (var bit = Lengths[symbol] - 1; bit > 0; bit--)
            {
                ref var child = ref children[node * 2 + (int)((Codes[symbol] >> bit) & 1)];
                if (child == 0) child = nodes++;
                node = child;
            }

            children[node * 2 + (int)(Codes[symbol] & 1)] = -1 - symbol;
        }

        return children;
    }

    private static int Walk(int[] children, int node, int half)
    {
        var step = 0;
        for (var bit = 3; bit >= 0; bit--)
        {
            var child = children[node * 2 + ((half >> bit) & 1)];
            if (child == -1 - EndOfString) return Fails; // RFC 7541, 5.2: never inside a string.
            if (child < 0) step = Emits | (-1 - child); // No code is shorter than five bits: at most one per step.
            node = child < 0 ? 0 : child;
        }

        return step | (node << 16);
    }
}
