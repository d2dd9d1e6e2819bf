using System.Buffers.Binary;
using System.Text;

namespace Mesh.Linux.Netlink;

/// <summary>Builds netlink messages one behind the other: header, family header, nested attributes. One user at a time.</summary>
internal sealed class NetlinkWriter
{
    public const int HeaderBytes = 16;
    private const int Alignment = 4;
    private const ushort Nested = 0x8000;
    private const int AttributeHeader = 4;

    private byte[] _bytes = new byte[4096];
    private int _length;
    private int _messageAt = -1;
    private uint _sequence;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Number of the message begun last.</summary>
    public uint Sequence => _sequence;

    /// <summary>Begins a message, ending the one before.</summary>
    public NetlinkWriter Begin(int type, NetlinkFlags flags)
    {
        EndMessage();
        _messageAt = _length;
        var header = Take(HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], ++_sequence);
        return this;
    }

    /// <summary>The family's own header, or any bytes as they are.</summary>
    public NetlinkWriter Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(Align(bytes.Length)));
        return this;
    }

    public NetlinkWriter Bytes(int attribute, ReadOnlySpan<byte> value)
    {
        var at = Take(AttributeHeader + Align(value.Length));
        WriteHeader(at, attribute, AttributeHeader + value.Length);
        value.CopyTo(at[AttributeHeader..]);
        return this;
    }

    public NetlinkWriter Text(int attribute, string value) => Bytes(attribute, Encoding.UTF8.GetBytes(value + '\0'));

    /// <summary>In the machine's order, as rtnetlink has it.</summary>
    public NetlinkWriter UInt32(int attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Bytes(attribute, bytes);
    }

    /// <summary>In network order, as nfnetlink has it.</summary>
    public NetlinkWriter UInt32BigEndian(int attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Bytes(attribute, bytes);
    }

    /// <summary>Opens a nested attribute; give the result to <see cref="EndNest"/>.</summary>
    public int BeginNest(int attribute)
    {
        var at = _length;
        WriteHeader(Take(AttributeHeader), attribute | Nested, 0);
        return at;
    }

    public NetlinkWriter EndNest(int nest)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(nest), (ushort)(_length - nest));
        return this;
    }

    public ReadOnlySpan<byte> Finish()
    {
        EndMessage();
        return Written;
    }

    private void EndMessage()
    {
        if (_messageAt >= 0) BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_messageAt), (uint)(_length - _messageAt));
        _messageAt = -1;
    }

    private static void WriteHeader(Span<byte> at, int attribute, int length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(at[2..], (ushort)attribute);
    }

    private static int Align(int length) => (length + Alignment - 1) & ~(Alignment - 1);

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        var taken = _bytes.AsSpan(_length, count);
        taken.Clear();
        _length += count;
        return taken;
    }
}
