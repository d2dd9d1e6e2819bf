using System.Buffers.Binary;

namespace Mesh.Http2.Frames;

/// <summary>SETTINGS: parameters in any number, or an empty acknowledgement.</summary>
/// <remarks>
/// <code>
/// +-------------------------------+
/// |       Identifier (16)         |
/// +-------------------------------+-------------------------------+
/// |                        Value (32)                             |
/// +---------------------------------------------------------------+
/// </code>
/// </remarks>
internal static class SettingsFrame
{
    public const int EntrySize = 6;

    public static (SettingId Id, uint Value) ReadEntry(ReadOnlySpan<byte> entry) =>
        ((SettingId)BinaryPrimitives.ReadUInt16BigEndian(entry), BinaryPrimitives.ReadUInt32BigEndian(entry[2..]));

    public static void WriteEntry(Span<byte> entry, SettingId id, uint value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(entry, (ushort)id);
        BinaryPrimitives.WriteUInt32BigEndian(entry[2..], value);
    }

    public static void WriteAck(Span<byte> frame) => new FrameHeader(0, FrameType.Settings, FrameFlags.Ack, 0).Write(frame);
}
