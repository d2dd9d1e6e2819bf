using System.Globalization;
using System.Net.Sockets;
using System.Numerics;
using System.Text.Json;
using Mesh.Ztunnel.Tests.Revocation;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Real processes whose revocation lists change as mounted volumes do.</summary>
[Trait("Category", "Kernel")]
public sealed class RevocationTests
{
    private const string Name = "ca-crl.pem";

    [Fact]
    public void A_newly_revoked_peer_is_cut_within_seconds_and_nobody_else_notices()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        var (serverLists, otherLists) = (Directory.CreateDirectory(Path.Combine(star.Folder, "crl")).FullName, Path.Combine(star.Folder, "late"));
        TestLists.Swap(serverLists, Name, Lists(star));
        star.Server.Start(With(star.EnvironmentOf("server"), Path.Combine(serverLists, Name)));
        star.Client.Start(star.EnvironmentOf("client"));
        star.Other.Start(With(star.EnvironmentOf("other"), Path.Combine(otherLists, Name)));
        foreach (var node in new[] { star.Server, star.Client, star.Other }) node.WaitUntilReady();
        star.Other.WaitForLine("\terror\t", "REVOKED CERTIFICATES ARE ACCEPTED");

        using var listener = star.Server.Listen(Star.OpenPort);
        using var doomed = Connect(star, star.Client, listener, out var doomedServer);
        using var lucky = Connect(star, star.Other, listener, out var luckyServer);
        using var echo = new Echo(lucky, luckyServer);

        // 1. The server's list names the client: only its connection ends, on both sides.
        TestLists.Swap(serverLists, Name, Lists(star, SerialOf(star.Client, "client")));
        AssertEnds(doomed);
        AssertEnds(doomedServer);
        star.Server.WaitForLine("connection complete", "direction=\"inbound\"", "CERT_REVOKED", "src.workload=\"client\"");
        star.Client.WaitForLine("connection complete", "direction=\"outbound\"", "CERT_REVOKED");
        AssertMetric(star.Server, "istio_crl_policy_rejections_total{reporter=\"destination\"} 1");
        AssertFlag(star.Server, "destination", 1);

        // 2. It does not come back.
        using (var again = star.Client.Connect(star.Server.Address, Star.OpenPort)) AssertEnds(again);
        AssertMetric(star.Server, "istio_crl_policy_rejections_total{reporter=\"destination\"} 2");
        star.Server.WaitForLine("connection failed", "dst.addr=10.94.0.1:15008", "CertificateRevoked");

        // 3. The other one went on, byte for byte.
        echo.AssertAlive();
        Assert.False(listener.Poll(0, SelectMode.SelectRead), "a revoked client reached the application");

        // 4. The other side's lists come late, and name the server.
        TestLists.Swap(Directory.CreateDirectory(otherLists).FullName, Name, Lists(star, SerialOf(star.Server, "server")));
        echo.AssertEnds();
        star.Other.WaitForLine("connection complete", "direction=\"outbound\"", "CERT_REVOKED");
        AssertMetric(star.Other, "istio_crl_policy_rejections_total{reporter=\"source\"} 1");
        AssertFlag(star.Other, "source", 1);
        using var refused = star.Other.Connect(star.Server.Address, Star.OpenPort);
        AssertEnds(refused);
        star.Other.WaitForLine("the peer's certificate is revoked (CERT_REVOKED)");
        AssertFlag(star.Other, "source", 2);
        doomedServer.Dispose();
        luckyServer.Dispose();
    }

    [Fact]
    public void Required_lists_that_are_not_there_end_the_start()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        var environment = With(star.EnvironmentOf("server"), Path.Combine(star.Folder, "absent.pem"));
        environment["MESH_CRL_REQUIRED"] = "true";
        star.Server.Start(environment);
        Shell.WaitFor("the end of the process", () => star.Server.ExitCode is not null);
        Assert.Equal(1, star.Server.ExitCode);
        star.Server.WaitForLine("cannot start: MESH_CRL_REQUIRED is set", "absent.pem");
    }

    private static Dictionary<string, string> With(Dictionary<string, string> environment, string listPath)
    {
        environment["CRL_PATH"] = listPath;
        return environment;
    }

    private static string Lists(Star star, params BigInteger[] serials) =>
        TestLists.Pem(star.Issuer, TimeProvider.System.GetUtcNow().AddDays(1), serials);

    private static BigInteger SerialOf(Node node, string account)
    {
        using var dump = JsonDocument.Parse(node.Http(15000, "GET /config_dump").Split("\r\n\r\n", 2)[1]);
        var certificate = dump.RootElement.GetProperty("certificates").EnumerateArray()
            .Single(entry => entry.GetProperty("identity").GetString()!.EndsWith("/sa/" + account, StringComparison.Ordinal));
        return BigInteger.Parse(certificate.GetProperty("certChain")[0].GetProperty("serialNumber").GetString()!, CultureInfo.InvariantCulture);
    }

    /// <summary>A connection through the mesh on which a first byte has passed.</summary>
    private static Socket Connect(Star star, Node from, Socket listener, out Socket server)
    {
        var client = from.Connect(star.Server.Address, Star.OpenPort);
        client.Send("x"u8);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "nothing arrived");
        server = listener.Accept();
        server.ReceiveTimeout = 20_000;
        Assert.Equal(1, server.Receive(new byte[1]));
        return client;
    }

    private static void AssertEnds(Socket socket)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        Shell.ReadToEnd(socket);
        Assert.True(started.Elapsed < TimeSpan.FromSeconds(15), $"the end took {started.Elapsed}");
    }

    private static void AssertMetric(Node node, string line) =>
        Shell.WaitFor(line, () => node.Http(15020, "GET /metrics").Contains(line + "\n", StringComparison.Ordinal));

    /// <summary>So many connections failed because a certificate was revoked.</summary>
    private static void AssertFlag(Node node, string reporter, int count) => Shell.WaitFor($"{count} CERT_REVOKED at {reporter}", () =>
        node.Http(15020, "GET /metrics").Split('\n').Any(line =>
            line.StartsWith("istio_tcp_connections_failed_total", StringComparison.Ordinal)
            && line.Contains($"reporter=\"{reporter}\"", StringComparison.Ordinal)
            && line.Contains("response_flags=\"CERT_REVOKED\"", StringComparison.Ordinal)
            && line.EndsWith($" {count}", StringComparison.Ordinal)));
}
