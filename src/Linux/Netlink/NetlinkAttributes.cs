using System.Buffers.Binary;

namespace Mesh.Linux.Netlink;

/// <summary>Walks the attributes of a message or of a nest.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const int TypeMask = 0x3FFF;
    private ReadOnlySpan<byte> _rest = bytes;

    public bool TryNext(out int type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (_rest.Length < 4) return false;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < 4 || length > _rest.Length) return false;
        type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & TypeMask;
        value = _rest[4..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    public static string Text(ReadOnlySpan<byte> value) => System.Text.Encoding.UTF8.GetString(value.TrimEnd((byte)0));
}
