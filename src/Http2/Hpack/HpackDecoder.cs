namespace Mesh.Http2.Hpack;

/// <summary>
/// RFC 7541, 6: header blocks to packed fields. A list that passes its limits is still read to its end, because the
/// dynamic table must stay in step, but nothing of it is kept. Owned by one engine.
/// </summary>
internal sealed class HpackDecoder(int tableBytesMax, int listBytesMax, int fieldsMax)
{
    private readonly DynamicTable table = new(tableBytesMax);

    public int TableSize => table.Size;

    /// <summary>The room must hold <c>listBytesMax</c> bytes: packed fields are smaller than they count.</summary>
    public HpackOutcome Decode(ReadOnlySpan<byte> block, Span<byte> room, out int packedLength)
    {
        packedLength = 0;
        var used = 0;
        var listBytes = 0L;
        var fields = 0;
        var tooLarge = false;
        while (!block.IsEmpty)
        {
            if ((block[0] & 0xE0) == 0x20)
            {
                if (fields > 0 || !TryResize(ref block)) return HpackOutcome.Malformed; // 4.2: before the first field.
                continue;
            }

            var outcome = DecodeField(block, room[used..], out var size, out var read);
            if (outcome == HpackOutcome.FieldTooLarge && used > 0)
            {
                tooLarge = true;
                used = 0;
                outcome = DecodeField(block, room, out size, out read);
            }

            if (outcome != HpackOutcome.Decoded) return outcome;
            block = block[read..];
            fields++;
            listBytes += size - HeaderFields.FieldOverhead + DynamicTable.EntryOverhead;
            tooLarge |= listBytes > listBytesMax || fields > fieldsMax;
            used = tooLarge ? 0 : used + size;
        }

        packedLength = used;
        return tooLarge ? HpackOutcome.ListTooLarge : HpackOutcome.Decoded;
    }

    private bool TryResize(ref ReadOnlySpan<byte> block)
    {
        if (!HpackInteger.TryRead(ref block, 5, out var size) || size > tableBytesMax) return false;
        table.Resize(size);
        return true;
    }

    private HpackOutcome DecodeField(ReadOnlySpan<byte> block, Span<byte> room, out int size, out int read)
    {
        size = 0;
        read = 0;
        var input = block;
        var first = input[0];
        if ((first & 0x80) != 0)
        {
            if (!HpackInteger.TryRead(ref input, 7, out var index) || index == 0) return HpackOutcome.Malformed;
            read = block.Length - input.Length;
            return CopyIndexed(index, room, out size);
        }

        var remember = (first & 0x40) != 0;
        if (!HpackInteger.TryRead(ref input, remember ? 6 : 4, out var nameIndex)) return HpackOutcome.Malformed;
        if (room.Length < HeaderFields.FieldOverhead) return HpackOutcome.FieldTooLarge;
        var texts = room[HeaderFields.FieldOverhead..];
        var outcome = nameIndex == 0
            ? ReadText(ref input, texts, out var nameLength)
            : CopyName(nameIndex, texts, out nameLength);
        if (outcome != HpackOutcome.Decoded) return outcome;
        if (nameLength > ushort.MaxValue) return HpackOutcome.FieldTooLarge;
        outcome = ReadText(ref input, texts[nameLength..], out var valueLength);
        if (outcome != HpackOutcome.Decoded) return outcome;

        var indexing = remember ? HeaderIndexing.Remember : (first & 0x10) != 0 ? HeaderIndexing.Never : HeaderIndexing.None;
        HeaderFields.WriteLengths(room, nameLength, valueLength, indexing);
        if (remember) table.Add(texts[..nameLength], texts.Slice(nameLength, valueLength));
        size = HeaderFields.FieldOverhead + nameLength + valueLength;
        read = block.Length - input.Length;
        return HpackOutcome.Decoded;
    }

    private HpackOutcome CopyIndexed(int index, Span<byte> room, out int size)
    {
        size = 0;
        if (index <= StaticTable.Count)
        {
            size = HeaderFields.Pack(room, StaticTable.Name(index), StaticTable.Value(index), HeaderIndexing.Remember);
            return size == 0 ? HpackOutcome.FieldTooLarge : HpackOutcome.Decoded;
        }

        if (!table.TryGet(index - StaticTable.Count, out var entry)) return HpackOutcome.Malformed;
        var needed = HeaderFields.FieldOverhead + entry.NameLength + entry.ValueLength;
        if (needed > room.Length) return HpackOutcome.FieldTooLarge;
        HeaderFields.WriteLengths(room, entry.NameLength, entry.ValueLength, HeaderIndexing.Remember);
        table.CopyName(entry, room[HeaderFields.FieldOverhead..]);
        table.CopyValue(entry, room[(HeaderFields.FieldOverhead + entry.NameLength)..]);
        size = needed;
        return HpackOutcome.Decoded;
    }

    private HpackOutcome CopyName(int index, Span<byte> texts, out int length)
    {
        length = 0;
        if (index <= StaticTable.Count)
        {
            var name = StaticTable.Name(index);
            if (!name.TryCopyTo(texts)) return HpackOutcome.FieldTooLarge;
            length = name.Length;
            return HpackOutcome.Decoded;
        }

        if (!table.TryGet(index - StaticTable.Count, out var entry)) return HpackOutcome.Malformed;
        if (entry.NameLength > texts.Length) return HpackOutcome.FieldTooLarge;
        table.CopyName(entry, texts);
        length = entry.NameLength;
        return HpackOutcome.Decoded;
    }

    // RFC 7541, 5.2: a bit for Huffman coding, the coded length, the text.
    private static HpackOutcome ReadText(ref ReadOnlySpan<byte> input, Span<byte> texts, out int length)
    {
        length = 0;
        if (input.IsEmpty) return HpackOutcome.Malformed;
        var coded = (input[0] & 0x80) != 0;
        if (!HpackInteger.TryRead(ref input, 7, out var codedLength) || codedLength > input.Length) return HpackOutcome.Malformed;
        var text = input[..codedLength];
        input = input[codedLength..];
        if (!coded)
        {
            if (!text.TryCopyTo(texts)) return HpackOutcome.FieldTooLarge;
            length = codedLength;
            return HpackOutcome.Decoded;
        }

        length = Huffman.Decode(text, texts);
        if (length >= 0) return HpackOutcome.Decoded;
        var outcome = length == HuffmanFault.NoRoom ? HpackOutcome.FieldTooLarge : HpackOutcome.Malformed;
        length = 0;
        return outcome;
    }
}
