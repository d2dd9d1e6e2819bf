using System.Security.Cryptography;

namespace Mesh.Tls13.Records;

/// <summary>
/// The key of one direction: its secret, what follows from it, and the number of the next record. One owner, one thread; zeroed on dispose.
/// </summary>
internal sealed class RecordKey : IDisposable
{
    private readonly CipherSuite suite;
    private readonly byte[] secret;
    private readonly byte[] iv = new byte[KeySchedule.NonceBytes];

    public RecordKey(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence)
    {
        this.suite = suite;
        this.secret = secret.ToArray();
        Sequence = sequence;
        Cipher = KeySchedule.CreateCipher(suite, secret, iv);
    }

    public RecordCipher Cipher { get; private set; }

    /// <summary>Number of the next record under the current key.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>For writing the state down; the span is the live secret.</summary>
    public ReadOnlySpan<byte> Secret => secret;

    /// <summary>The nonce of the record that comes next.</summary>
    public void WriteNonce(Span<byte> nonce) => RecordNonce.Write(iv, Sequence, nonce);

    /// <summary>The next record has the next number; after the last one this throws.</summary>
    public void Advance() => Sequence = checked(Sequence + 1);

    /// <summary>Goes on under the next key.</summary>
    public void Update()
    {
        KeySchedule.Update(suite, secret);
        Cipher.Dispose();
        Cipher = KeySchedule.CreateCipher(suite, secret, iv);
        Sequence = 0;
    }

    public void Dispose()
    {
        Cipher.Dispose();
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(iv);
    }
}
