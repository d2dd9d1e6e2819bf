using System.Buffers.Binary;

namespace Mesh.Xds.Grpc;

/// <summary>What stands before each gRPC message: compressed flag 1 byte, length 4 bytes, big-endian.</summary>
internal static class GrpcPrefix
{
    public const int Size = 5;

    public static void Write(Span<byte> into, int messageBytes)
    {
        into[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(into[1..], (uint)messageBytes);
    }

    public static GrpcRead Read(ReadOnlySpan<byte> prefix, int messageBytesMax, out int messageBytes)
    {
        messageBytes = 0;
        if (prefix[0] != 0) return GrpcRead.Malformed; // We never announce a compression.
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > (uint)messageBytesMax) return GrpcRead.TooLarge;
        messageBytes = (int)length;
        return GrpcRead.Message;
    }

    /// <summary>A whole small message with its prefix.</summary>
    public static byte[] Frame(Google.Protobuf.IMessage message)
    {
        var size = message.CalculateSize();
        var frame = new byte[Size + size];
        Write(frame, size);
        Google.Protobuf.MessageExtensions.WriteTo(message, frame.AsSpan(Size));
        return frame;
    }
}
