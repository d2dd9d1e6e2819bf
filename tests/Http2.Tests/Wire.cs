using System.Text;
using Mesh.Http2.Frames;
using Mesh.Http2.Hpack;

namespace Mesh.Http2.Tests;

/// <summary>Frames as a peer would write them, right or wrong.</summary>
internal static class Wire
{
    public static byte[] Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public static byte[] Frame(int type, int flags, int streamId, params byte[] payload) => FrameOfLength(payload.Length, type, flags, streamId, payload);

    public static byte[] FrameOfLength(int length, int type, int flags, int streamId, params byte[] payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(length, (FrameType)type, (byte)flags, streamId).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    public static byte[] Settings(params (int Id, uint Value)[] entries)
    {
        var payload = new byte[entries.Length * SettingsFrame.EntrySize];
        for (var i = 0; i < entries.Length; i++) SettingsFrame.WriteEntry(payload.AsSpan(i * 6), (SettingId)entries[i].Id, entries[i].Value);
        return Frame(4, 0, 0, payload);
    }

    public static byte[] SettingsAck => Frame(4, 1, 0);

    public static byte[] Data(int streamId, int length, bool end = false) => Frame(0, end ? 1 : 0, streamId, new byte[length]);

    public static byte[] Rst(int streamId, ErrorCode code = ErrorCode.Cancel) => Frame(3, 0, streamId, 0, 0, 0, (byte)code);

    public static byte[] Window(int streamId, uint increment) =>
        Frame(8, 0, streamId, (byte)(increment >> 24), (byte)(increment >> 16), (byte)(increment >> 8), (byte)increment);

    public static byte[] Ping(bool ack = false) => Frame(6, ack ? 1 : 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);

    public static byte[] GoAway(int last, ErrorCode code = ErrorCode.NoError) => Frame(7, 0, 0, 0, 0, 0, (byte)last, 0, 0, 0, (byte)code);

    public static byte[] Headers(int streamId, bool end, params (string Name, string Value)[] fields) =>
        Frame(1, end ? 5 : 4, streamId, Block(fields));

    public static byte[] Connect(int streamId, bool end = false) => Headers(streamId, end, (":method", "CONNECT"), (":authority", "10.0.0.1:80"));

    public static byte[] Response(int streamId, int status = 200, bool end = false) => Headers(streamId, end, (":status", status.ToString()));

    /// <summary>Literals only, so that the same bytes mean the same on any connection.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        var builder = new HeaderBuilder(new byte[512 * 1024]);
        foreach (var (name, value) in fields) builder.Add(Encoding.Latin1.GetBytes(name), Encoding.Latin1.GetBytes(value));
        Assert.False(builder.Overflowed);
        var output = new byte[HpackEncoder.SizeMax(builder.Fields)];
        return output[..new HpackEncoder(4096).Encode(builder.Fields, output)];
    }

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    public static List<FrameHeader> Read(ReadOnlySpan<byte> bytes)
    {
        var frames = new List<FrameHeader>();
        while (bytes.Length > 0)
        {
            Assert.Equal(FrameRead.Complete, FrameHeader.TryRead(bytes, FrameHeader.LengthMaxHighest, out var header));
            frames.Add(header);
            bytes = bytes[(FrameHeader.Size + header.Length)..];
        }

        return frames;
    }
}
