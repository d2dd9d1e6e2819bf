using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>RST_STREAM: ends one stream at once.</summary>
/// <remarks>
/// <code>
/// +-----------------------------------------------+
/// |                Error Code (32)                |
/// +-----------------------------------------------+
/// </code>
/// </remarks>
internal static class RstStreamFrame
{
    public const int PayloadSize = 4;
    public const int Size = FrameHeader.Size + PayloadSize;

    public static ErrorCode Read(ReadOnlySpan<byte> payload) => (ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload);

    public static void Write(Span<byte> frame, int streamId, ErrorCode code)
    {
        new FrameHeader(PayloadSize, FrameType.RstStream, 0, streamId).Write(frame);
        BinaryPrimitives.WriteUInt32BigEndian(frame[FrameHeader.Size..], (uint)code);
    }
}
