using Mesh.Http2.Hpack;

namespace Mesh.Http2.Tests.Hpack;

/// <summary>The examples of RFC 7541, appendix C.</summary>
public sealed class Rfc7541Tests
{
    [Theory]
    [InlineData(5, 10, "0a")]
    [InlineData(5, 1337, "1f9a0a")]
    [InlineData(8, 42, "2a")]
    public void Integers_of_appendix_C1_read_and_write(int prefixBits, int value, string hex)
    {
        var output = new byte[HpackInteger.SizeMax];
        var used = HpackInteger.Write(output, prefixBits, 0, value);
        Assert.Equal(hex, Convert.ToHexStringLower(output, 0, used));
        ReadOnlySpan<byte> input = output.AsSpan(0, used);
        Assert.True(HpackInteger.TryRead(ref input, prefixBits, out var read));
        Assert.Equal((value, 0), (read, input.Length));
    }

    [Theory]
    [InlineData("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key=custom-header;", 55)]
    [InlineData("040c2f73616d706c652f70617468", ":path=/sample/path;", 0)]
    [InlineData("100870617373776f726406736563726574", "password=secret;", 0)]
    [InlineData("82", ":method=GET;", 0)]
    public void Fields_of_appendix_C2_decode(string hex, string shown, int tableSize)
    {
        var decoder = new HpackDecoder(4096, 65_536, 100);
        Assert.Equal(shown, Decode(decoder, hex));
        Assert.Equal(tableSize, decoder.TableSize);
    }

    public static TheoryData<int, string[], string[], int[]> Sequences => new()
    {
        {
            // C.3: requests without Huffman coding.
            4096,
            [
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ],
            [
                ":method=GET;:scheme=http;:path=/;:authority=www.example.com;",
                ":method=GET;:scheme=http;:path=/;:authority=www.example.com;cache-control=no-cache;",
                ":method=GET;:scheme=https;:path=/index.html;:authority=www.example.com;custom-key=custom-value;",
            ],
            [57, 110, 164]
        },
        {
            // C.4: the same with it.
            4096,
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ],
            [
                ":method=GET;:scheme=http;:path=/;:authority=www.example.com;",
                ":method=GET;:scheme=http;:path=/;:authority=www.example.com;cache-control=no-cache;",
                ":method=GET;:scheme=https;:path=/index.html;:authority=www.example.com;custom-key=custom-value;",
            ],
            [57, 110, 164]
        },
        {
            // C.6: responses with Huffman coding, in a table of 256 bytes that evicts.
            256,
            [
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
                "4883640effc1c0bf",
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            ],
            [
                ":status=302;cache-control=private;date=Mon, 21 Oct 2013 20:13:21 GMT;location=https://www.example.com;",
                ":status=307;cache-control=private;date=Mon, 21 Oct 2013 20:13:21 GMT;location=https://www.example.com;",
                ":status=200;cache-control=private;date=Mon, 21 Oct 2013 20:13:22 GMT;location=https://www.example.com;content-encoding=gzip;"
                + "set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1;",
            ],
            [222, 222, 215]
        },
    };

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Sequences_of_appendix_C_keep_the_table_in_step(int tableBytes, string[] blocks, string[] shown, int[] tableSizes)
    {
        var decoder = new HpackDecoder(tableBytes, 65_536, 100);
        for (var i = 0; i < blocks.Length; i++)
        {
            Assert.Equal(shown[i], Decode(decoder, blocks[i]));
            Assert.Equal(tableSizes[i], decoder.TableSize);
        }
    }

    [Theory]
    [InlineData("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff")]
    [InlineData("no-cache", "a8eb10649cbf")]
    [InlineData("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff")]
    [InlineData("", "")]
    public void Huffman_codes_of_appendix_C_come_out_and_in(string text, string hex)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(text);
        var output = new byte[Huffman.EncodedLength(bytes)];
        Assert.Equal(output.Length, Huffman.Encode(bytes, output));
        Assert.Equal(hex, Convert.ToHexStringLower(output));
        var back = new byte[bytes.Length];
        Assert.Equal(bytes.Length, Huffman.Decode(output, back));
        Assert.Equal(bytes, back);
    }

    private static string Decode(HpackDecoder decoder, string hex)
    {
        var room = new byte[65_536];
        Assert.Equal(HpackOutcome.Decoded, decoder.Decode(Convert.FromHexString(hex), room, out var length));
        return Recorder.Show(new HeaderFields(room.AsSpan(0, length)));
    }
}
