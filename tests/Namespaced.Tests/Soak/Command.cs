using System.Buffers.Binary;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>What a client asks the server application for: kind 1, seed 4, request bytes 4, answer bytes 4.</summary>
internal readonly record struct Command(CommandKind Kind, uint Seed, int RequestBytes, int AnswerBytes)
{
    public const int Size = 13;

    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[1..], Seed);
        BinaryPrimitives.WriteInt32LittleEndian(destination[5..], RequestBytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[9..], AnswerBytes);
    }

    public static Command Read(ReadOnlySpan<byte> source) => new(
        (CommandKind)source[0], BinaryPrimitives.ReadUInt32LittleEndian(source[1..]), BinaryPrimitives.ReadInt32LittleEndian(source[5..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[9..]));
}
