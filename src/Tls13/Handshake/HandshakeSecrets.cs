using System.Security.Cryptography;

namespace Mesh.Tls13.Handshake;

/// <summary>
/// Collects the application traffic secrets from key-log lines, "LABEL client-random secret" in hex, and passes the lines on where a
/// debugging operator asked for them. Zeroed on dispose.
/// </summary>
internal sealed class HandshakeSecrets(KeyLogSink? keyLog) : IDisposable
{
    private readonly byte[] client = new byte[CipherSuites.SecretBytesMax];
    private readonly byte[] server = new byte[CipherSuites.SecretBytesMax];
    private int clientBytes;
    private int serverBytes;

    public ReadOnlySpan<byte> Client => client.AsSpan(0, clientBytes);
    public ReadOnlySpan<byte> Server => server.AsSpan(0, serverBytes);

    public void Take(ReadOnlySpan<byte> line)
    {
        keyLog?.Invoke(line);
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
        if (hex.Length % 2 != 0 || hex.Length / 2 > secret.Length) return 0;
        for (var i = 0; i < hex.Length / 2; i++)
        {
            var high = Digit(hex[2 * i]);
            var low = Digit(hex[2 * i + 1]);
            if (high < 0 || low < 0) return 0;
            secret[i] = (byte)((high << 4) | low);
        }
        return hex.Length / 2;
    }

    private static int Digit(byte letter) => letter switch
    {
        >= (byte)'0' and <= (byte)'9' => letter - '0',
        >= (byte)'a' and <= (byte)'f' => letter - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => letter - 'A' + 10,
        _ => -1,
    };
}
