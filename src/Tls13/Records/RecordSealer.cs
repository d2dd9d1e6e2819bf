using System.Buffers.Binary;

namespace Mesh.Tls13.Records;

/// <summary>Seals records of one direction in place. One owner, one thread; a nonce is used once or not at all.</summary>
internal sealed class RecordSealer(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence = 0) : IDisposable
{
    private readonly RecordKey key = new(suite, secret, sequence);

    /// <summary>Number of the next record under the current key.</summary>
    public ulong Sequence => key.Sequence;

    /// <summary>For writing the state down; the span is the live secret.</summary>
    public ReadOnlySpan<byte> Secret => key.Secret;

    /// <summary>
    /// The payload stands at <see cref="RecordLimits.HeaderBytes"/> in <paramref name="record"/>, with
    /// <see cref="RecordLimits.TrailerBytes"/> free behind it. Returns the length of the finished record.
    /// </summary>
    public int Seal(Span<byte> record, int payloadBytes, ContentType type)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)payloadBytes, (uint)RecordLimits.PayloadBytesMax);
        var inner = payloadBytes + 1;
        var header = record[..RecordLimits.HeaderBytes];
        header[0] = (byte)ContentType.ApplicationData;
        header[1] = 3;
        header[2] = 3;
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)(inner + RecordLimits.TagBytes));
        var text = record.Slice(RecordLimits.HeaderBytes, inner);
        text[payloadBytes] = (byte)type;

        Span<byte> nonce = stackalloc byte[KeySchedule.NonceBytes];
        key.WriteNonce(nonce);
        key.Advance(); // Before sealing: a record that failed half way must not lend its nonce to the next one.
        key.Cipher.Seal(nonce, text, record.Slice(RecordLimits.HeaderBytes + inner, RecordLimits.TagBytes), header);
        return RecordLimits.HeaderBytes + inner + RecordLimits.TagBytes;
    }

    /// <summary>Goes on under the next key.</summary>
    public void UpdateKey() => key.Update();

    public void Dispose() => key.Dispose();
}
