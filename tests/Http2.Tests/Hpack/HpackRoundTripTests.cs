using Mesh.Http2.Hpack;

namespace Mesh.Http2.Tests.Hpack;

/// <summary>Encoder against decoder, and the dynamic table against a list that does the same the slow way.</summary>
public sealed class HpackRoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Blocks_decode_to_what_was_encoded_while_the_table_grows_and_shrinks(int seed)
    {
        var random = new Random(seed);
        var encoder = new HpackEncoder(4096);
        var decoder = new HpackDecoder(4096, 65_536, 128);
        var room = new byte[65_536];
        var output = new byte[128 * 1024];
        for (var block = 0; block < 2000; block++)
        {
            if (random.Next(50) == 0) encoder.SetPeerTableSize((uint)random.Next(6000));
            var builder = new HeaderBuilder(new byte[32 * 1024]);
            for (var i = random.Next(8); i >= 0; i--)
            {
                builder.Add(Text(random, "abc", 4), Text(random, "xyz0189/,=", random.Next(10) == 0 ? 2500 : 12), (HeaderIndexing)random.Next(3));
            }

            if (random.Next(3) == 0) builder.Add(":status"u8, "200"u8, HeaderIndexing.Remember);
            Assert.False(builder.Overflowed);
            var used = encoder.Encode(builder.Fields, output);
            Assert.True(used <= HpackEncoder.SizeMax(builder.Fields));
            Assert.Equal(HpackOutcome.Decoded, decoder.Decode(output.AsSpan(0, used), room, out var length));
            Assert.Equal(Recorder.Show(builder.Fields), Recorder.Show(new HeaderFields(room.AsSpan(0, length))));
            Assert.Equal(encoder.TableSize, decoder.TableSize);
        }
    }

    [Theory]
    [InlineData(7, 64)]
    [InlineData(8, 100)]
    [InlineData(9, 4096)]
    public void The_table_agrees_with_a_plain_list(int seed, int limit)
    {
        var random = new Random(seed);
        var table = new DynamicTable(limit);
        var model = new List<(byte[] Name, byte[] Value)>();
        for (var step = 0; step < 5000; step++)
        {
            if (random.Next(40) == 0) table.Resize(random.Next(limit + 1));
            else
            {
                var (name, value) = (Text(random, "ab", 3), Text(random, "01", random.Next(20) == 0 ? limit : 5));
                table.Add(name, value);
                model.Insert(0, (name, value));
            }

            while (model.Sum(f => f.Name.Length + f.Value.Length + 32) > table.MaxSize) model.RemoveAt(model.Count - 1);
            Compare(table, model, random);
        }
    }

    private static void Compare(DynamicTable table, List<(byte[] Name, byte[] Value)> model, Random random)
    {
        Assert.Equal(model.Count, table.Count);
        Assert.False(table.TryGet(0, out _));
        Assert.False(table.TryGet(model.Count + 1, out _));
        for (var i = 0; i < model.Count; i++)
        {
            Assert.True(table.TryGet(i + 1, out var entry));
            var (name, value) = (new byte[entry.NameLength], new byte[entry.ValueLength]);
            table.CopyName(entry, name);
            table.CopyValue(entry, value);
            Assert.Equal(model[i].Name, name);
            Assert.Equal(model[i].Value, value);
        }

        var (wantedName, wantedValue) = (Text(random, "ab", 3), Text(random, "01", 5));
        var whole = 1 + model.FindIndex(f => f.Name.AsSpan().SequenceEqual(wantedName) && f.Value.AsSpan().SequenceEqual(wantedValue));
        Assert.Equal(whole, table.Find(wantedName, wantedValue, out var named));
        if (whole == 0) Assert.Equal(1 + model.FindIndex(f => f.Name.AsSpan().SequenceEqual(wantedName)), named);
    }

    private static byte[] Text(Random random, string letters, int lengthMax)
    {
        var text = new byte[random.Next(lengthMax + 1)];
        for (var i = 0; i < text.Length; i++) text[i] = (byte)letters[random.Next(letters.Length)];
        return text;
    }
}
