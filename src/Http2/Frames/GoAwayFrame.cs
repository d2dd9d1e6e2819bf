using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>GOAWAY: no more streams above an id; with a code, the end of the connection.</summary>
/// <remarks>
/// <code>
/// +-+-------------------------------------------------------------+
/// |R|                  Last Stream id (31)                        |
/// +-+-------------------------------------------------------------+
/// |                      Error Code (32)                          |
/// +---------------------------------------------------------------+
/// |                  Additional Debug Data (*)                    |
/// +---------------------------------------------------------------+
/// </code>
/// </remarks>
internal static class GoAwayFrame
{
    public const int FixedSize = 8;

    /// <summary>Debug data beyond this is read over, and never sent.</summary>
    public const int DebugBytesMax = 256;

    public static (int LastStreamId, ErrorCode Code) Read(ReadOnlySpan<byte> payload) =>
        ((int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7FFF_FFFF), (ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]));

    public static int Size(ReadOnlySpan<byte> debugData) => FrameHeader.Size + FixedSize + Math.Min(debugData.Length, DebugBytesMax);

    public static void Write(Span<byte> frame, int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData)
    {
        if (debugData.Length > DebugBytesMax) debugData = debugData[..DebugBytesMax];
        new FrameHeader(FixedSize + debugData.Length, FrameType.GoAway, 0, 0).Write(frame);
        BinaryPrimitives.WriteInt32BigEndian(frame[FrameHeader.Size..], lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(frame[(FrameHeader.Size + 4)..], (uint)code);
        debugData.CopyTo(frame[(FrameHeader.Size + FixedSize)..]);
    }
}
