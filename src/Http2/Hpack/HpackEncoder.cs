namespace Mesh.Http2.Hpack;

/// <summary>
/// RFC 7541, 6: packed fields to a header block. Fields marked <see cref="HeaderIndexing.Remember"/> go through the dynamic
/// table; all others leave as literals, uncoded, because they are short and seen once. Owned by one engine.
/// </summary>
internal sealed class HpackEncoder
{
    // Tag, three integers at worst: index or name length, value length.
    private const int FieldOverheadMax = 3 * HpackInteger.SizeMax;

    private readonly int tableBytesMax;
    private readonly DynamicTable table;
    private int lowestSize;
    private int wantedSize;
    private bool resizePending;

    public HpackEncoder(int tableBytesMax)
    {
        this.tableBytesMax = lowestSize = wantedSize = tableBytesMax;
        table = new DynamicTable(tableBytesMax);
    }

    public int TableSize => table.Size;

    /// <summary>The peer's SETTINGS_HEADER_TABLE_SIZE; ours may be smaller. Announced in the next block (RFC 7541, 4.2).</summary>
    public void SetPeerTableSize(uint bytes)
    {
        var size = (int)Math.Min(bytes, (uint)tableBytesMax);
        if (size == wantedSize) return;
        wantedSize = size;
        lowestSize = resizePending ? Math.Min(lowestSize, size) : size;
        resizePending = true;
    }

    /// <summary>Room that is certainly enough for <see cref="Encode"/>.</summary>
    public static int SizeMax(HeaderFields fields)
    {
        var size = 2 * HpackInteger.SizeMax;
        foreach (var field in fields) size += field.Name.Length + field.Value.Length + FieldOverheadMax;
        return size;
    }

    public int Encode(HeaderFields fields, Span<byte> output)
    {
        var used = resizePending ? WriteResize(output) : 0;
        foreach (var field in fields)
        {
            var rest = output[used..];
            used += field.Indexing == HeaderIndexing.Remember ? WriteRemembered(field, rest) : WriteLiteral(field, rest);
        }

        return used;
    }

    private int WriteResize(Span<byte> output)
    {
        var used = 0;
        if (lowestSize < wantedSize) used = HpackInteger.Write(output, 5, 0x20, lowestSize);
        used += HpackInteger.Write(output[used..], 5, 0x20, wantedSize);
        table.Resize(lowestSize);
        table.Resize(wantedSize);
        lowestSize = wantedSize;
        resizePending = false;
        return used;
    }

    private int WriteRemembered(in HeaderField field, Span<byte> output)
    {
        var nameIndex = StaticTable.Find(field.Name, field.Value, out var whole);
        if (whole > 0) return HpackInteger.Write(output, 7, 0x80, whole);
        var known = table.Find(field.Name, field.Value, out var named);
        if (known > 0) return HpackInteger.Write(output, 7, 0x80, StaticTable.Count + known);
        if (nameIndex == 0 && named > 0) nameIndex = StaticTable.Count + named;
        table.Add(field.Name, field.Value);
        return WriteTexts(field, output, 6, 0x40, nameIndex, coded: true);
    }

    private static int WriteLiteral(in HeaderField field, Span<byte> output)
    {
        var nameIndex = StaticTable.Find(field.Name, field.Value, out var whole);
        if (field.Indexing == HeaderIndexing.Never) return WriteTexts(field, output, 4, 0x10, nameIndex, coded: false);
        return whole > 0 ? HpackInteger.Write(output, 7, 0x80, whole) : WriteTexts(field, output, 4, 0x00, nameIndex, coded: false);
    }

    private static int WriteTexts(in HeaderField field, Span<byte> output, int prefixBits, byte tag, int nameIndex, bool coded)
    {
        var used = HpackInteger.Write(output, prefixBits, tag, nameIndex);
        if (nameIndex == 0) used += WriteText(field.Name, output[used..], coded);
        return used + WriteText(field.Value, output[used..], coded);
    }

    private static int WriteText(ReadOnlySpan<byte> text, Span<byte> output, bool coded)
    {
        int used;
        if (coded && Huffman.EncodedLength(text) is var codedLength && codedLength < text.Length)
        {
            used = HpackInteger.Write(output, 7, 0x80, codedLength);
            return used + Huffman.Encode(text, output[used..]);
        }

        used = HpackInteger.Write(output, 7, 0x00, text.Length);
        text.CopyTo(output[used..]);
        return used + text.Length;
    }
}
