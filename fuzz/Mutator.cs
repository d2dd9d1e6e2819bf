namespace Mesh.Fuzz;

/// <summary>Spoils a valid input: bits, bytes, runs, numbers that parsers fear, cuts, and pieces of another input.</summary>
internal static class Mutator
{
    private const int LengthMax = 64 * 1024;
    private static readonly byte[] Fearsome = [0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, 0x20, 0x3f, 0x0a, 0x0d, (byte)'"', (byte)',', (byte)':'];

    public static byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        var bytes = new List<byte>(input);
        for (var i = 1 + random.Next(random.Next(4) == 0 ? 16 : 4); i > 0; i--) MutateOnce(bytes, other, random);
        if (bytes.Count > LengthMax) bytes.RemoveRange(LengthMax, bytes.Count - LengthMax);
        return [.. bytes];
    }

    private static void MutateOnce(List<byte> bytes, byte[] other, Random random)
    {
        var at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
        var length = Math.Min(1 + random.Next(8), bytes.Count - at);
        switch (bytes.Count == 0 ? 2 : random.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.Insert(at, Fearsome[random.Next(Fearsome.Length)]);
                break;
            case 3:
                bytes[at] = Fearsome[random.Next(Fearsome.Length)];
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + 1 + random.Next(64))]);
                break;
            case 8:
                bytes[at] = (byte)(bytes[at] + random.Next(-3, 4));
                break;
            default:
                for (var i = at; i < at + length; i++) bytes[i] = (byte)random.Next(256);
                break;
        }
    }
}
