using System.Text;

namespace Mesh.Inpod;

/// <summary>Walks the fields of one protobuf message; false from any step means the bytes are no such message.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>Reads one field whole; its number, and its bytes or its integer, depending on its type.</summary>
    public bool TryReadField(out int number, out ReadOnlySpan<byte> content, out ulong value)
    {
        number = 0;
        content = default;
        value = 0;
        if (!TryReadVarint(out var key) || key >> 3 is 0 or > 0x1FFF_FFFF) return false;
        number = (int)(key >> 3);
        switch ((int)(key & 7))
        {
            case Varint:
                return TryReadVarint(out value);
            case LengthDelimited:
                return TryReadVarint(out var length) && length <= (ulong)_rest.Length && TryTake((int)length, out content);
            case Fixed64:
                return TryTake(sizeof(ulong), out content);
            case Fixed32:
                return TryTake(sizeof(uint), out content);
            default:
                return false;
        }
    }

    public static bool TryReadText(ReadOnlySpan<byte> content, out string text)
    {
        text = string.Empty;
        if (!System.Text.Unicode.Utf8.IsValid(content)) return false;
        text = Strict.GetString(content);
        return true;
    }

    private bool TryTake(int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length > _rest.Length) return false;
        taken = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(_rest.Length, 10); i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return false;
    }
}
