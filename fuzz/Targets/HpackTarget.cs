using Mesh.Http2;
using Mesh.Http2.Hpack;

namespace Mesh.Fuzz.Targets;

/// <summary>Header blocks: what decodes is bounded, and survives being encoded again.</summary>
internal sealed class HpackTarget() : Target("hpack")
{
    private const int ListBytesMax = 8192;
    private const int TableBytesMax = 512;
    private readonly byte[] room = new byte[ListBytesMax];
    private readonly byte[] again = new byte[ListBytesMax];
    private readonly byte[] encoded = new byte[8 * ListBytesMax];

    public override byte[] Make(Random random)
    {
        var encoder = new HpackEncoder(TableBytesMax);
        if (random.Next(3) == 0) encoder.SetPeerTableSize((uint)random.Next(TableBytesMax));
        var builder = new HeaderBuilder(new byte[4096]);
        for (var i = random.Next(12); i >= 0; i--)
        {
            builder.Add(Texts.Latin1(Texts.Word(random)), Texts.Latin1(Texts.Word(random)), (HeaderIndexing)random.Next(3));
        }

        var output = new byte[HpackEncoder.SizeMax(builder.Fields)];
        return output[..encoder.Encode(builder.Fields, output)];
    }

    public override bool Try(byte[] input, Random random)
    {
        var decoder = new HpackDecoder(TableBytesMax, ListBytesMax, fieldsMax: 64);
        // Several blocks on one table.
        for (var rounds = 1 + random.Next(3); rounds > 0; rounds--)
        {
            var outcome = decoder.Decode(input, room, out var length);
            Require(decoder.TableSize is >= 0 and <= TableBytesMax, "the table stays within its size");
            Require(outcome == HpackOutcome.Decoded || length == 0, "nothing is kept of what is refused");
            if (outcome is HpackOutcome.Malformed or HpackOutcome.FieldTooLarge) return false;
            if (outcome == HpackOutcome.Decoded) EncodeAgain(new HeaderFields(room.AsSpan(0, length)));
        }

        return true;
    }

    private void EncodeAgain(HeaderFields fields)
    {
        var used = new HpackEncoder(TableBytesMax).Encode(fields, encoded);
        Require(used <= HpackEncoder.SizeMax(fields), "an encoded block fits its bound");
        var outcome = new HpackDecoder(TableBytesMax, ListBytesMax, fieldsMax: 64).Decode(encoded.AsSpan(0, used), again, out var length);
        Require(outcome == HpackOutcome.Decoded, "what we encode, we decode");
        var other = new HeaderFields(again.AsSpan(0, length)).GetEnumerator();
        foreach (var field in fields)
        {
            Require(other.MoveNext() && other.Current.Name.SequenceEqual(field.Name) && other.Current.Value.SequenceEqual(field.Value), "a block survives a round trip");
        }
    }
}
