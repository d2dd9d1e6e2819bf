using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Tls13;
using Mesh.Tls13.Handshake;

namespace Mesh.Fuzz.Targets;

/// <summary>
/// What a peer sends before its identity is known: a client's first flight at our server, a server's first flight at our client, in pieces.
/// Nobody without a key of the mesh gets through.
/// </summary>
internal sealed class TlsHandshakeTarget(TlsRole role) : Target($"tls-handshake-{role.ToString().ToLowerInvariant()}")
{
    private static readonly TlsContext Client = Context(TlsRole.Client);
    private static readonly TlsContext Server = Context(TlsRole.Server);

    // OpenSSL's work, tens of microseconds up to a signature.
    public override double Share => 0.05;

    public override byte[] Make(Random random)
    {
        using var client = new TlsHandshake(Client);
        var hello = Output(client);
        if (role == TlsRole.Server) return hello;
        using var server = new TlsHandshake(Server);
        server.Advance(hello, out _);
        return Output(server);
    }

    public override bool Try(byte[] input, Random random)
    {
        using var handshake = new TlsHandshake(role == TlsRole.Server ? Server : Client);
        var pending = new List<byte>();
        var answered = false;
        for (var at = 0; at < input.Length && handshake.Progress == HandshakeProgress.NeedMoreBytes;)
        {
            var length = Math.Min(input.Length - at, 1 + random.Next(input.Length));
            pending.AddRange(input.AsSpan(at, length));
            at += length;
            handshake.Advance(pending.ToArray(), out var consumed);
            Require(consumed >= 0 && consumed <= pending.Count, "it takes no more than it was given");
            pending.RemoveRange(0, consumed);
            answered |= role == TlsRole.Server && Output(handshake).Length > 100; // More than an alert: our own flight.
        }

        Require(handshake.Progress != HandshakeProgress.Complete, "no handshake ends with one side's old words");
        Require(handshake.Progress != HandshakeProgress.Failed || handshake.Problem.Length > 0, "a failure has a reason");
        Require(handshake.PeerLeaf().Length == 0, "nobody is known before the end");
        // A client refuses any flight that answers another hello; that it reads it at all is shown by the seeds of the server.
        return role == TlsRole.Client || answered;
    }

    private static byte[] Output(TlsHandshake handshake)
    {
        var bytes = new byte[handshake.OutputBytes];
        return bytes[..handshake.TakeOutput(bytes)];
    }

    private static TlsContext Context(TlsRole role)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fuzz", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var credentials = new TlsCredentials([certificate.RawData], key.ExportPkcs8PrivateKey(), [certificate.RawData]);
        return TlsContext.TryCreate(role, credentials, out var problem) ?? throw new InvalidOperationException(problem);
    }
}
