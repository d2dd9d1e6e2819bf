using System.Buffers.Binary;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>HTTP/2 frames as an enemy writes them.</summary>
internal static class Frames
{
    public static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    public static byte[] Settings(params (ushort Id, uint Value)[] entries)
    {
        var payload = new byte[6 * entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(6 * i), entries[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((6 * i) + 2), entries[i].Value);
        }

        return Frame(4, 0, 0, payload);
    }

    public static byte[] SettingsAck => Frame(4, 1, 0, []);

    public static byte[] Ping => Frame(6, 0, 0, new byte[8]);

    public static byte[] Reset(int stream) => Frame(3, 0, stream, [0, 0, 0, 8]);

    /// <summary>A CONNECT in literals without indexing; the authority is shorter than 127 bytes.</summary>
    public static byte[] Connect(int stream, string authority) => Frame(1, 4, stream,
        [0x02, 7, .. "CONNECT"u8, 0x01, (byte)authority.Length, .. System.Text.Encoding.ASCII.GetBytes(authority)]);

    /// <summary>A header list that never ends: each frame carries one small field.</summary>
    public static byte[] Continuation(int stream) => Frame(9, 0, stream, [0x00, 1, (byte)'x', 1, (byte)'y']);
}
