using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>WINDOW_UPDATE: so many more bytes may be sent, on a stream or (id 0) on all together.</summary>
/// <remarks>
/// <code>
/// +-+-------------------------------------------------------------+
/// |R|              Window Size Increment (31)                     |
/// +-+-------------------------------------------------------------+
/// </code>
/// </remarks>
internal static class WindowUpdateFrame
{
    public const int PayloadSize = 4;
    public const int Size = FrameHeader.Size + PayloadSize;

    public static int Read(ReadOnlySpan<byte> payload) => (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7FFF_FFFF);

    public static void Write(Span<byte> frame, int streamId, int increment)
    {
        new FrameHeader(PayloadSize, FrameType.WindowUpdate, 0, streamId).Write(frame);
        BinaryPrimitives.WriteInt32BigEndian(frame[FrameHeader.Size..], increment);
    }
}
