using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mesh.Tls13.Records;

/// <summary>Opens records of one direction in place. One owner, one thread.</summary>
internal sealed class RecordOpener : IDisposable
{
    private readonly CipherSuite suite;
    private readonly byte[] secret;
    private readonly byte[] iv = new byte[KeySchedule.NonceBytes];
    private RecordCipher cipher;

    public RecordOpener(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence = 0)
    {
        this.suite = suite;
        this.secret = secret.ToArray();
        Sequence = sequence;
        cipher = KeySchedule.CreateCipher(suite, secret, iv);
    }

    public ulong Sequence { get; private set; }
    public ReadOnlySpan<byte> Secret => secret;

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
        RecordNonce.Write(iv, Sequence, nonce);
        var tag = input.Slice(RecordLimits.HeaderBytes + text.Length, RecordLimits.TagBytes);
        if (!cipher.TryOpen(nonce, text, tag, header)) return RecordOpening.Forged;
        Sequence = checked(Sequence + 1);

        var end = text.LastIndexOfAnyExcept((byte)0);
        if (end < 0) return RecordOpening.NoType;
        if (end > RecordLimits.PayloadBytesMax) return RecordOpening.TooLong;
        type = (ContentType)text[end];
        payloadBytes = end;
        consumed = RecordLimits.HeaderBytes + length;
        return RecordOpening.Opened;
    }

    public void UpdateKey()
    {
        KeySchedule.Update(suite, secret);
        cipher.Dispose();
        cipher = KeySchedule.CreateCipher(suite, secret, iv);
        Sequence = 0;
    }

    public void Dispose()
    {
        cipher.Dispose();
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(iv);
    }
}
