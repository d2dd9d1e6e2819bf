using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mesh.Tls13.Records;

/// <summary>Seals records of one direction in place. One owner, one thread; a nonce is used once or not at all.</summary>
internal sealed class RecordSealer : IDisposable
{
    private readonly CipherSuite suite;
    private readonly byte[] secret;
    private readonly byte[] iv = new byte[KeySchedule.NonceBytes];
    private RecordCipher cipher;

    public RecordSealer(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence = 0)
    {
        this.suite = suite;
        this.secret = secret.ToArray();
        Sequence = sequence;
        cipher = KeySchedule.CreateCipher(suite, secret, iv);
    }

    /// <summary>Number of the next record under the current key.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>For writing the state down; the span is the live secret.</summary>
    public ReadOnlySpan<byte> Secret => secret;

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
        RecordNonce.Write(iv, Sequence, nonce);
        Sequence = checked(Sequence + 1); // Before sealing: a record that failed half way must not lend its nonce to the next one.
        cipher.Seal(nonce, text, record.Slice(RecordLimits.HeaderBytes + inner, RecordLimits.TagBytes), header);
        return RecordLimits.HeaderBytes + inner + RecordLimits.TagBytes;
    }

    /// <summary>Goes on under the next key.</summary>
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
