using System.Text;
using Mesh.Identity;
using Mesh.Tls13.Handshake;
using Mesh.Tls13.Records;

namespace Mesh.Tls13.Tests;

public sealed class KeyLogTests
{
    private static readonly string[] Labels =
    [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0",
    ];

    [Fact]
    public void Both_roles_log_the_same_secrets_and_these_open_what_is_sent()
    {
        using var peers = new TestPeers();
        var (clientLines, serverLines) = (new List<string>(), new List<string>());
        using var client = Handshake(peers, TlsRole.Client, clientLines);
        using var server = Handshake(peers, TlsRole.Server, serverLines);
        for (var i = 0; i < 6; i++)
        {
            Move(client, server);
            Move(server, client);
        }

        Assert.Equal(Labels, clientLines.Select(static line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.Equal(clientLines.Order(StringComparer.Ordinal), serverLines.Order(StringComparer.Ordinal));
        Assert.All(clientLines, static line => Assert.Equal(64, line.Split(' ')[1].Length)); // The client random: 32 bytes.

        using var session = client.CreateSession();
        var record = new byte[RecordLimits.HeaderBytes + 5 + RecordLimits.TrailerBytes];
        "hello"u8.CopyTo(record.AsSpan(RecordLimits.HeaderBytes));
        session.Seal(record, 5);
        using var eavesdropper = new TlsSession(session.Suite, Secret(serverLines, "SERVER_TRAFFIC_SECRET_0"), Secret(serverLines, "CLIENT_TRAFFIC_SECRET_0"));
        Assert.Equal(TlsReading.Data, eavesdropper.Read(record, out _, out var payloadBytes));
        Assert.Equal("hello"u8, record.AsSpan(RecordLimits.HeaderBytes, payloadBytes));
    }

    private static TlsHandshake Handshake(TestPeers peers, TlsRole role, List<string> lines)
    {
        using Svid svid = peers.Issue(role == TlsRole.Client ? "client" : "server");
        using var context = TlsContext.TryCreate(
            role, new TlsCredentials(svid.Chain, svid.PrivateKey, peers.Issuer.Roots.Roots), out _, line => lines.Add(Encoding.ASCII.GetString(line)))!;
        return new TlsHandshake(context);
    }

    private static byte[] Secret(List<string> lines, string label) =>
        Convert.FromHexString(lines.Single(line => line.StartsWith(label + " ", StringComparison.Ordinal)).Split(' ')[2]);

    private static void Move(TlsHandshake from, TlsHandshake to)
    {
        var bytes = new byte[from.OutputBytes];
        from.TakeOutput(bytes);
        to.Advance(bytes, out _);
    }
}
