namespace Mesh.Http2;

/// <summary>Packs header fields into memory of the caller, usually on its stack; a field that does not fit is remembered.</summary>
public ref struct HeaderBuilder(Span<byte> room)
{
    private readonly Span<byte> room = room;
    private int used;

    /// <summary>A field did not fit; the list must not be sent.</summary>
    public bool Overflowed { get; private set; }

    public readonly HeaderFields Fields => new(room[..used]);

    /// <summary>Names are lower case; pseudo-header fields come first.</summary>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, HeaderIndexing indexing = HeaderIndexing.None)
    {
        var size = HeaderFields.Pack(room[used..], name, value, indexing);
        if (size == 0) Overflowed = true;
        used += size;
    }
}
