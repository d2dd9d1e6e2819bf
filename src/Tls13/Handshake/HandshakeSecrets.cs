using System.Security.Cryptography;

namespace Mesh.Tls13.Handshake;

/// <summary>Collects the application traffic secrets from key-log lines, "LABEL client-random secret" in hex. Zeroed on dispose.</summary>
internal sealed class HandshakeSecrets : IDisposable
{
    private readonly byte[] client = new byte[CipherSuites.SecretBytesMax];
    private readonly byte[] server = new byte[CipherSuites.SecretBytesMax];
    private int clientBytes;
    private int serverBytes;

    public ReadOnlySpan<byte> Client => client.AsSpan(0, clientBytes);
    public ReadOnlySpan<byte> Server => server.AsSpan(0, serverBytes);

    public void Take(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("CLIENT_TRAFFIC_SECRET_0 "u8)) clientBytes = Decode(line, client);
        else if (line.StartsWith("SERVER_TRAFFIC_SECRET_0 "u8)) serverBytes = Decode(line, server);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(client);
        CryptographicOperations.ZeroMemory(server);
    }

    private static int Decode(ReadOnlySpan<byte> line, Span<byte> secret)
    {
        var hex = line[(line.LastIndexOf((byte)' ') + 1)..];
        return Convert.FromHexString(hex, secret, out _, out var written) == System.Buffers.OperationStatus.Done ? written : 0;
    }
}
