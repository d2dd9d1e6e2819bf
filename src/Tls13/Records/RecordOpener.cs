using System.Buffers.Binary;

namespace Mesh.Tls13.Records;

/// <summary>Opens records of one direction in place. One owner, one thread.</summary>
internal sealed class RecordOpener(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence = 0) : IDisposable
{
    private readonly RecordKey key = new(suite, secret, sequence);

    public ulong Sequence => key.Sequence;
    public ReadOnlySpan<byte> Secret => key.Secret;

    /// <summary>
    /// Opens the record at the start of <paramref name="input"/>; on success <paramref name="consumed"/> is its length, and its payload
    /// stands behind the header in <paramref name="input"/>.
    /// </summary>
    public RecordOpening Open(Span<byte> input, out int consumed, out ContentType type, out int payloadBytes)
    {
        consumed = 0;
        type = default;
        payloadBytes = 0;
        if (input.Length < RecordLimits.HeaderBytes) return RecordOpening.NeedMoreBytes;
        var header = input[..RecordLimits.HeaderBytes];
        if (header[0] != (byte)ContentType.ApplicationData) return RecordOpening.Unexpected;
        int length = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
        if (length > RecordLimits.CiphertextBytesMax) return RecordOpening.TooLong;
        if (length < RecordLimits.TrailerBytes) return RecordOpening.Forged;
        if (input.Length < RecordLimits.HeaderBytes + length) return RecordOpening.NeedMoreBytes;

        var text = input.Slice(RecordLimits.HeaderBytes, length - RecordLimits.TagBytes);
        Span<byte> nonce = stackalloc byte[KeySchedule.NonceBytes];
        key.WriteNonce(nonce);
        var tag = input.Slice(RecordLimits.HeaderBytes + text.Length, RecordLimits.TagBytes);
        if (!key.Cipher.TryOpen(nonce, text, tag, header)) return RecordOpening.Forged;
        key.Advance();

        var end = text.LastIndexOfAnyExcept((byte)0);
        if (end < 0) return RecordOpening.NoType;
        if (end > RecordLimits.PayloadBytesMax) return RecordOpening.TooLong;
        type = (ContentType)text[end];
        payloadBytes = end;
        consumed = RecordLimits.HeaderBytes + length;
        return RecordOpening.Opened;
    }

    public void UpdateKey() => key.Update();

    public void Dispose() => key.Dispose();
}
