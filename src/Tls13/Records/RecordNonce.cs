using System.Buffers.Binary;

namespace Mesh.Tls13.Records;

/// <summary>The per-record nonce: the write IV with the sequence number over its last eight bytes (RFC 8446, section 5.3).</summary>
internal static class RecordNonce
{
    public static void Write(ReadOnlySpan<byte> iv, ulong sequence, Span<byte> nonce)
    {
        iv.CopyTo(nonce);
        var low = nonce[4..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ sequence);
    }
}
