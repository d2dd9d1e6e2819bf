using System.Buffers.Binary;

namespace Mesh.Http2;

/// <summary>
/// An ordered header list in one piece of memory: what <see cref="HeaderBuilder"/> packed or a header block decoded to.
/// Borrowed: valid only as long as that memory.
/// </summary>
/// <remarks>Packed field: name length 16 bits, value length 32, indexing 8, name, value.</remarks>
public readonly ref struct HeaderFields(ReadOnlySpan<byte> packed)
{
    internal const int FieldOverhead = 7;

    internal ReadOnlySpan<byte> Packed { get; } = packed;

    public bool IsEmpty => Packed.IsEmpty;
    public ReadOnlySpan<byte> Method => Find(":method"u8, out var value) ? value : default;
    public ReadOnlySpan<byte> Authority => Find(":authority"u8, out var value) ? value : default;
    public ReadOnlySpan<byte> Scheme => Find(":scheme"u8, out var value) ? value : default;
    public ReadOnlySpan<byte> Path => Find(":path"u8, out var value) ? value : default;

    /// <summary>The three digits of <c>:status</c> as a number, 0 when there is none.</summary>
    public int Status => Find(":status"u8, out var value) && value.Length == 3
        ? (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0')
        : 0;

    /// <summary>The first field of that (lower-case) name.</summary>
    public bool Find(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var field in this)
        {
            if (!field.Name.SequenceEqual(name)) continue;
            value = field.Value;
            return true;
        }

        value = default;
        return false;
    }

    public Enumerator GetEnumerator() => new(Packed);

    internal static int Pack(Span<byte> room, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderIndexing indexing)
    {
        var size = FieldOverhead + name.Length + value.Length;
        if (name.Length > ushort.MaxValue || size > room.Length) return 0;
        WriteLengths(room, name.Length, value.Length, indexing);
        name.CopyTo(room[FieldOverhead..]);
        value.CopyTo(room[(FieldOverhead + name.Length)..]);
        return size;
    }

    internal static void WriteLengths(Span<byte> room, int nameLength, int valueLength, HeaderIndexing indexing)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(room, (ushort)nameLength);
        BinaryPrimitives.WriteInt32LittleEndian(room[2..], valueLength);
        room[6] = (byte)indexing;
    }

    /// <summary>Walks the fields in order.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> rest;

        internal Enumerator(ReadOnlySpan<byte> packed) => rest = packed;

        public HeaderField Current { get; private set; }

        public bool MoveNext()
        {
            if (rest.IsEmpty) return false;
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            var valueLength = BinaryPrimitives.ReadInt32LittleEndian(rest[2..]);
            var name = rest.Slice(FieldOverhead, nameLength);
            var value = rest.Slice(FieldOverhead + nameLength, valueLength);
            Current = new HeaderField(name, value, (HeaderIndexing)rest[6]);
            rest = rest[(FieldOverhead + nameLength + valueLength)..];
            return true;
        }
    }
}
