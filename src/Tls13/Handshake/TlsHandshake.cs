using System.Buffers.Binary;
using Mesh.Tls13.Handshake.Interop;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// One handshake: received bytes in, bytes to send out, in the end a <see cref="TlsSession"/>. It never takes a byte beyond the
/// handshake's last record. No I/O. One owner, one thread at a time.
/// </summary>
public sealed class TlsHandshake : IDisposable
{
    /// <summary>A peer that needs more than this for its handshake is not an honest one.</summary>
    public const int ReceivedBytesMax = 128 * 1024;

    private readonly OpenSslConnection connection;
    private readonly HandshakeSecrets secrets;
    private readonly TlsRole role;
    private int received;

    public TlsHandshake(TlsContext context)
    {
        role = context.Role;
        secrets = new HandshakeSecrets(context.KeyLog);
        connection = new OpenSslConnection(context.Handle, role);
        if (role == TlsRole.Client) Note(connection.Step([], secrets));
    }

    public HandshakeProgress Progress { get; private set; }

    /// <summary>Why it failed, for the log.</summary>
    public string Problem { get; private set; } = "";

    public int OutputBytes => connection.OutputBytes;

    /// <summary>Takes bytes that must go to the peer, also after a failure (the alert).</summary>
    public int TakeOutput(Span<byte> destination) => connection.ReadOutput(destination);

    /// <summary>Takes whole records from the start of what was received, and none after the last of the handshake.</summary>
    public HandshakeProgress Advance(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        while (Progress == HandshakeProgress.NeedMoreBytes)
        {
            var rest = bytes[consumed..];
            if (rest.Length < RecordLimits.HeaderBytes) break;
            if (rest[0] is < (byte)ContentType.ChangeCipherSpec or > (byte)ContentType.ApplicationData || rest[1] != 3)
            {
                Fail("the peer does not speak TLS");
                break;
            }
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            if (length > RecordLimits.CiphertextBytesMax)
            {
                Fail("a handshake record is too long");
                break;
            }
            if (rest.Length < RecordLimits.HeaderBytes + length) break;
            received += RecordLimits.HeaderBytes + length;
            if (received > ReceivedBytesMax)
            {
                Fail("the handshake is too long");
                break;
            }
            Note(connection.Step(rest[..(RecordLimits.HeaderBytes + length)], secrets));
            consumed += RecordLimits.HeaderBytes + length;
        }
        return Progress;
    }

    /// <summary>The peer's certificate (DER), verified against our roots; empty before the end.</summary>
    public byte[] PeerLeaf() => Progress == HandshakeProgress.Complete ? connection.PeerLeaf() : [];

    /// <summary>The peer's chain (DER) as it was verified, from its leaf to the root; empty before the end.</summary>
    public byte[][] PeerChain() => Progress == HandshakeProgress.Complete ? connection.PeerChain() : [];

    /// <summary>It failed because a certificate of the peer's chain is revoked.</summary>
    public bool IsPeerRevoked => Progress == HandshakeProgress.Failed && connection.IsPeerRevoked;

    /// <summary>The connection's record layer; once, after <see cref="HandshakeProgress.Complete"/>.</summary>
    public TlsSession CreateSession()
    {
        if (Progress != HandshakeProgress.Complete) throw new InvalidOperationException("The handshake is not complete.");
        var suite = (CipherSuite)connection.CipherSuiteId;
        return role == TlsRole.Client
            ? new TlsSession(suite, secrets.Client, secrets.Server)
            : new TlsSession(suite, secrets.Server, secrets.Client);
    }

    public void Dispose()
    {
        connection.Dispose();
        secrets.Dispose();
    }

    private void Note(HandshakeProgress progress)
    {
        Progress = progress;
        if (progress == HandshakeProgress.Failed) Problem = connection.Problem();
        if (progress != HandshakeProgress.Complete) return;
        if (!connection.HasAgreedOnH2) Fail("the peer does not speak h2");
        else if (!Enum.IsDefined((CipherSuite)connection.CipherSuiteId)) Fail("the peer chose another cipher suite");
        else if (secrets.Client.Length != SecretBytes || secrets.Server.Length != SecretBytes) Fail("OpenSSL gave no traffic secrets");
    }

    private int SecretBytes => ((CipherSuite)connection.CipherSuiteId).SecretBytes();

    private void Fail(string problem)
    {
        Progress = HandshakeProgress.Failed;
        Problem = problem;
    }
}
