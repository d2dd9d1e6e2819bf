using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Mesh.Xds.Wire;

/// <summary>
/// Walks the fields of one protobuf message without copying. Malformed bytes end the walk and set <see cref="Malformed"/>;
/// a field of another kind than expected is to be skipped, as protobuf does with unknown fields.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public int Field { get; private set; }
    public WireKind Kind { get; private set; }
    /// <summary>The value of a varint or fixed field.</summary>
    public ulong Number { get; private set; }
    /// <summary>The value of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }
    public bool Malformed { get; private set; }

    /// <summary>Moves to the next field; false at the end and on malformed bytes.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty || Malformed) return false;
        if (!TryVarint(out var tag) || tag >> 3 is 0 or > int.MaxValue >> 2) return Fail();
        Field = (int)(tag >> 3);
        Kind = (WireKind)(tag & 7);
        return Kind switch
        {
            WireKind.Varint => TryVarint(out var number) ? Take(number) : Fail(),
            WireKind.Fixed64 => TakeFixed(8),
            WireKind.Fixed32 => TakeFixed(4),
            WireKind.Bytes => TakeBytes(),
            _ => Fail(), // Groups are not used by any message we read.
        };
    }

    public readonly bool IsBytes(int field) => Field == field && Kind == WireKind.Bytes;

    public readonly bool IsNumber(int field) => Field == field && Kind == WireKind.Varint;

    /// <summary>The current value as text, or null when it is not UTF-8.</summary>
    public readonly string? Text() => Utf8.IsValid(Bytes) ? Encoding.UTF8.GetString(Bytes) : null;

    /// <summary>One number of a packed list; false at its end.</summary>
    public static bool TryTakePacked(ref ReadOnlySpan<byte> packed, out ulong number, out bool malformed)
    {
        number = 0;
        malformed = false;
        if (packed.IsEmpty) return false;
        var reader = new ProtoReader(packed);
        malformed = !reader.TryVarint(out number);
        packed = reader._rest;
        return !malformed;
    }

    private bool Take(ulong number)
    {
        Number = number;
        Bytes = default;
        return true;
    }

    private bool TakeFixed(int size)
    {
        if (_rest.Length < size) return Fail();
        Number = size == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(_rest) : BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        _rest = _rest[size..];
        Bytes = default;
        return true;
    }

    private bool TakeBytes()
    {
        if (!TryVarint(out var length) || length > (ulong)_rest.Length) return Fail();
        Bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        Number = 0;
        return true;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return true;
        }
        return false;
    }

    private bool Fail()
    {
        Malformed = true;
        _rest = default;
        return false;
    }
}
