namespace Mesh.Http2.Hpack;

/// <summary>What <see cref="Huffman.Decode"/> answers in place of a length.</summary>
internal static class HuffmanFault
{
    public const int NotACode = -1;
    public const int NoRoom = -2;
}
