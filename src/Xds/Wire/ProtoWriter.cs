using System.Text;

namespace Mesh.Xds.Wire;

/// <summary>
/// Writes one protobuf message into a growing buffer, zero values left out. Owned by one encoder at a time; reuse it through
/// <see cref="Clear"/>.
/// </summary>
internal sealed class ProtoWriter
{
    private byte[] _buffer = new byte[512];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Text(int field, string value)
    {
        if (value.Length > 0) TextAlways(field, value);
    }

    /// <summary>Writes empty text too: elements of lists and members of a oneof.</summary>
    public void TextAlways(int field, string value)
    {
        Varint(Tag(field, WireKind.Bytes));
        var size = Encoding.UTF8.GetByteCount(value);
        Varint((ulong)size);
        Encoding.UTF8.GetBytes(value, Reserve(size));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(Tag(field, WireKind.Bytes));
        Varint((ulong)value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    public void Number(int field, ulong value)
    {
        if (value != 0) NumberAlways(field, value);
    }

    public void NumberAlways(int field, ulong value)
    {
        Varint(Tag(field, WireKind.Varint));
        Varint(value);
    }

    public void Flag(int field, bool value) => Number(field, value ? 1u : 0u);

    /// <summary>Starts a nested message; give the result to <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        Varint(Tag(field, WireKind.Bytes));
        Reserve(1); // Nested messages are mostly short: one byte of length, moved apart in End when it does not do.
        return _length;
    }

    public void End(int start)
    {
        var size = _length - start;
        var lengthBytes = VarintSize((ulong)size);
        if (lengthBytes > 1)
        {
            Reserve(lengthBytes - 1);
            _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + lengthBytes - 1));
        }
        WriteVarint(_buffer.AsSpan(start - 1), (ulong)size);
    }

    public void Varint(ulong value) => WriteVarint(Reserve(VarintSize(value)), value);

    public static ulong Tag(int field, WireKind kind) => ((ulong)field << 3) | (ulong)kind;

    public static int VarintSize(ulong value) => value == 0 ? 1 : (64 - System.Numerics.BitOperations.LeadingZeroCount(value) + 6) / 7;

    public static int WriteVarint(Span<byte> into, ulong value)
    {
        var i = 0;
        for (; value >= 0x80; value >>= 7) into[i++] = (byte)(value | 0x80);
        into[i] = (byte)value;
        return i + 1;
    }

    private Span<byte> Reserve(int size)
    {
        if (_buffer.Length - _length < size) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        var span = _buffer.AsSpan(_length, size);
        _length += size;
        return span;
    }
}
