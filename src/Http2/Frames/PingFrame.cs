using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>PING: eight bytes that come back.</summary>
/// <remarks>
/// <code>
/// +---------------------------------------------------------------+
/// |                       Opaque Data (64)                        |
/// +---------------------------------------------------------------+
/// </code>
/// </remarks>
internal static class PingFrame
{
    public const int PayloadSize = 8;
    public const int Size = FrameHeader.Size + PayloadSize;

    public static ulong Read(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64BigEndian(payload);

    public static void Write(Span<byte> frame, ulong payload, bool ack)
    {
        new FrameHeader(PayloadSize, FrameType.Ping, ack ? FrameFlags.Ack : (byte)0, 0).Write(frame);
        BinaryPrimitives.WriteUInt64BigEndian(frame[FrameHeader.Size..], payload);
    }
}
