using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>The nine bytes before every frame.</summary>
/// <remarks>
/// <code>
/// +-----------------------------------------------+
/// |                 Length (24)                   |
/// +---------------+---------------+---------------+
/// |   Type (8)    |   Flags (8)   |
/// +-+-------------+---------------+---------------+
/// |R|                Stream id (31)               |
/// +-+---------------------------------------------+
/// </code>
/// </remarks>
internal readonly record struct FrameHeader(int Length, FrameType Type, byte Flags, int StreamId)
{
    public const int Size = 9;

    /// <summary>RFC 9113, 6.5.2: nobody may announce a lower or higher limit.</summary>
    public const int LengthMaxLowest = 16_384;
    public const int LengthMaxHighest = 16_777_215;

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static FrameRead TryRead(ReadOnlySpan<byte> bytes, int lengthMax, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < Size) return FrameRead.NeedMoreBytes;
        var length = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
        var streamId = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & 0x7FFF_FFFF);
        header = new FrameHeader(length, (FrameType)bytes[3], bytes[4], streamId);
        return length > lengthMax ? FrameRead.TooLarge : FrameRead.Complete;
    }

    public void Write(Span<byte> bytes)
    {
        bytes[0] = (byte)(Length >> 16);
        bytes[1] = (byte)(Length >> 8);
        bytes[2] = (byte)Length;
        bytes[3] = (byte)Type;
        bytes[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes[5..], StreamId);
    }
}
