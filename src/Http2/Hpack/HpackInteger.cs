namespace Mesh.Http2.Hpack;

/// <summary>RFC 7541, 5.1: an integer in the low bits of a byte, and in seven bits of each that follows.</summary>
internal static class HpackInteger
{
    /// <summary>One prefix byte and the five that an <see cref="int"/> can need.</summary>
    public const int SizeMax = 6;

    /// <summary>False when the input ends inside, or the value passes what any length or index can be.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> input, int prefixBits, out int value)
    {
        value = 0;
        if (input.IsEmpty) return false;
        var mask = (1 << prefixBits) - 1;
        value = input[0] & mask;
        if (value < mask)
        {
            input = input[1..];
            return true;
        }

        long sum = value;
        for (var i = 1; i < SizeMax && i < input.Length; i++)
        {
            sum += (long)(input[i] & 0x7F) << (7 * (i - 1));
            if (sum > int.MaxValue) return false;
            if ((input[i] & 0x80) != 0) continue;
            value = (int)sum;
            input = input[(i + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>Writes over the low bits of the first byte; answers how many bytes it took.</summary>
    public static int Write(Span<byte> output, int prefixBits, byte firstByte, int value)
    {
        var mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            output[0] = (byte)(firstByte | value);
            return 1;
        }

        output[0] = (byte)(firstByte | mask);
        value -= mask;
        var used = 1;
        for (; value >= 0x80; value >>= 7) output[used++] = (byte)(value | 0x80);
        output[used++] = (byte)value;
        return used;
    }
}
