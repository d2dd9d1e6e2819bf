using Mesh.Http2.Hpack;

namespace Mesh.Http2.Tests.Hpack;

public sealed class HpackDecoderTests
{
    [Theory]
    [InlineData("80")] // Index 0.
    [InlineData("be")] // An entry that is not there.
    [InlineData("ff80808080808001")] // An integer without end.
    [InlineData("ffffffffffff7f")] // An integer beyond 31 bits.
    [InlineData("7e0161")] // A name that is not there.
    [InlineData("400161")] // A value that is missing.
    [InlineData("40016105ab")] // A value cut short.
    [InlineData("0081ff0161")] // A name whose code is none.
    [InlineData("3fe21f")] // A table larger than announced (4097).
    [InlineData("8220")] // A resize behind a field.
    public void Nonsense_is_refused(string hex) =>
        Assert.Equal(HpackOutcome.Malformed, Decode(new HpackDecoder(4096, 1000, 10), hex, out _));

    [Fact]
    public void A_field_of_nothing_is_remembered_like_any_other()
    {
        var decoder = new HpackDecoder(4096, 1000, 10);
        Assert.Equal(HpackOutcome.Decoded, Decode(decoder, "400000", out _)); // The very first one, into an empty table.
        Assert.Equal(HpackOutcome.Decoded, Decode(decoder, "4001610162bfbe", out var shown));
        Assert.Equal("a=b;=;a=b;", shown);
    }

    [Fact]
    public void Every_truncation_of_a_block_is_decoded_or_refused_and_never_throws()
    {
        var block = Convert.FromHexString("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565408825a849e95ba97d7f8925a849e95bb8e8b4bf");
        for (var length = 0; length <= block.Length; length++)
        {
            var decoder = new HpackDecoder(4096, 1000, 100);
            var outcome = decoder.Decode(block.AsSpan(0, length), new byte[1000], out _);
            Assert.True(outcome is HpackOutcome.Decoded or HpackOutcome.Malformed);
        }
    }

    [Fact]
    public void A_list_beyond_its_limit_is_dropped_but_the_table_stays_in_step()
    {
        var decoder = new HpackDecoder(4096, 1000, 10);
        var bomb = "40016101" + "62" + string.Concat(Enumerable.Repeat("be", 60));
        Assert.Equal(HpackOutcome.ListTooLarge, Decode(decoder, bomb, out _));
        Assert.Equal(HpackOutcome.Decoded, Decode(decoder, "be", out var shown));
        Assert.Equal("a=b;", shown);
    }

    [Fact]
    public void More_fields_than_allowed_are_too_many_even_if_small() =>
        Assert.Equal(HpackOutcome.ListTooLarge, Decode(new HpackDecoder(4096, 1000, 3), "82828282", out _));

    [Fact]
    public void A_field_larger_than_the_whole_list_ends_it()
    {
        var value = new byte[1200];
        byte[] block = [0x00, 0x01, (byte)'a', 0x7f, 0xb1, 0x08, .. value];
        Assert.Equal(HpackOutcome.FieldTooLarge, new HpackDecoder(4096, 1000, 10).Decode(block, new byte[1000], out _));
    }

    [Fact]
    public void A_bomb_of_large_table_entries_costs_no_more_than_its_limit()
    {
        var decoder = new HpackDecoder(4096, 16_384, 128);
        var length4000 = new byte[HpackInteger.SizeMax];
        var used = HpackInteger.Write(length4000, 7, 0, 4000);
        byte[] block = [0x40, 0x01, (byte)'a', .. length4000[..used], .. new byte[4000], .. Enumerable.Repeat((byte)0xbe, 60_000)];
        var outcome = decoder.Decode(block, new byte[16_384], out var length);
        Assert.Equal((HpackOutcome.ListTooLarge, 0), (outcome, length));
    }

    private static HpackOutcome Decode(HpackDecoder decoder, string hex, out string shown)
    {
        var room = new byte[1000];
        var outcome = decoder.Decode(Convert.FromHexString(hex), room, out var length);
        shown = Recorder.Show(new HeaderFields(room.AsSpan(0, length)));
        return outcome;
    }
}
