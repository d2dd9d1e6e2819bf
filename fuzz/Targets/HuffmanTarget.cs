using Mesh.Http2.Hpack;

namespace Mesh.Fuzz.Targets;

/// <summary>The Huffman code is one to one: what decodes must encode to the same bytes.</summary>
internal sealed class HuffmanTarget() : Target("huffman")
{
    private readonly byte[] text = new byte[256 * 1024];
    private readonly byte[] coded = new byte[1024 * 1024];

    public override byte[] Make(Random random)
    {
        var bytes = new byte[random.Next(60)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0) bytes = Texts.Latin1(Texts.Word(random));
        var output = new byte[Huffman.EncodedLength(bytes)];
        Huffman.Encode(bytes, output);
        return output;
    }

    public override bool Try(byte[] input, Random random)
    {
        var length = Huffman.Decode(input, text);
        if (length < 0) return false;
        Require(Huffman.EncodedLength(text.AsSpan(0, length)) == input.Length, "a text has one coded length");
        var used = Huffman.Encode(text.AsSpan(0, length), coded);
        Require(coded.AsSpan(0, used).SequenceEqual(input), "a text has one code");
        Require(length == 0 || Huffman.Decode(input, text.AsSpan(0, length - 1)) == HuffmanFault.NoRoom, "too little room is said");
        return true;
    }
}
