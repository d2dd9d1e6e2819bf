namespace Mesh.Http2;

/// <summary>One name and value, borrowed from the list they stand in.</summary>
public readonly ref struct HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderIndexing indexing)
{
    public ReadOnlySpan<byte> Name { get; } = name;
    public ReadOnlySpan<byte> Value { get; } = value;
    public HeaderIndexing Indexing { get; } = indexing;
    public bool IsPseudo => Name.Length > 0 && Name[0] == (byte)':';
}
