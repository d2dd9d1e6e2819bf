using Mesh.Http2.Hpack;

namespace Mesh.Http2.Tests.Hpack;

public sealed class HuffmanTests
{
    [Fact]
    public void Every_octet_and_every_pair_survives_the_code()
    {
        for (var first = 0; first < 256; first++)
        {
            for (var second = 0; second < 256; second++)
            {
                byte[] text = [(byte)first, (byte)second];
                var coded = new byte[Huffman.EncodedLength(text)];
                Assert.Equal(coded.Length, Huffman.Encode(text, coded));
                var back = new byte[2];
                Assert.Equal(2, Huffman.Decode(coded, back));
                Assert.Equal(text, back);
            }
        }
    }

    [Theory]
    [InlineData("ffffffff")] // The end-of-string symbol.
    [InlineData("00")] // "0" and three zero bits, which are no padding.
    [InlineData("1fff")] // "a" and more than seven bits of padding.
    [InlineData("fe")] // Seven ones and a zero, a code cut short.
    public void What_is_no_code_is_refused(string hex) =>
        Assert.Equal(HuffmanFault.NotACode, Huffman.Decode(Convert.FromHexString(hex), new byte[64]));

    [Fact]
    public void Too_little_room_is_said_and_not_overrun()
    {
        var coded = new byte[Huffman.EncodedLength("aaaa"u8)];
        Huffman.Encode("aaaa"u8, coded);
        Assert.Equal(HuffmanFault.NoRoom, Huffman.Decode(coded, new byte[3]));
    }
}
