using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>What an operator reads of a running proxy: its pages over HTTP and the lines that are off by default.</summary>
[Trait("Category", "Kernel")]
public sealed class OperatorViewTests
{
    [Fact]
    public void Pages_and_log_lines_tell_what_upstreams_tell()
    {
        using var nodes = new TwoNodes(static environment =>
        {
            environment["AUTHZ_POLICY_INFO_LOGGING"] = "true";
            environment["RUST_LOG"] = "access=debug";
        });
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var open = nodes.Client.Connect(nodes.Server.Address, TwoNodes.OpenPort);
        open.Send("hello"u8);
        using var accepted = listener.Accept();
        using (var denied = nodes.Client.Connect(nodes.Server.Address, TwoNodes.DeniedPort))
        {
            denied.Send("hello"u8);
            Assert.Equal("", Shell.ReadToEnd(denied));
        }

        nodes.Server.WaitForLine("\tdebug\taccess\tconnection opened\t", "direction=\"inbound\"", "dst.hbone_addr=10.92.0.2:8080");
        nodes.Server.WaitForLine("\tinfo\tpolicy\tpolicy allows\t", "dst.hbone_addr=10.92.0.2:8080", "src.identity=\"spiffe://cluster.local/ns/default/sa/client\"");
        nodes.Server.WaitForLine("\tinfo\tpolicy\tpolicy denies\t", "dst.hbone_addr=10.92.0.2:9090", "policy=\"default/shut\"");

        foreach (var page in new[] { "/metrics", "/stats/prometheus" })
        {
            Assert.Contains("# TYPE istio_tcp_connections_opened_total counter\n", nodes.Server.Http(15020, $"GET {page}"), StringComparison.Ordinal);
        }

        Assert.Contains("mesh_tunnel_dials_total{worker=\"ztunnel-0\"}", nodes.Client.Http(15020, "GET /metrics"), StringComparison.Ordinal);
        Assert.Contains("1 connections\n", nodes.Server.Http(15000, "GET /connections"), StringComparison.Ordinal);
        CheckLogging(nodes.Server);
        foreach (var page in new[] { "profile", "heap", "heap/profiling" })
        {
            Assert.StartsWith("HTTP/1.1 501 ", nodes.Server.Http(15000, $"GET /debug/pprof/{page}"), StringComparison.Ordinal);
        }

        CheckDump(nodes.Server);
    }

    private static void CheckLogging(Node node)
    {
        Assert.Contains("current log level is info,access=debug\n", node.Http(15000, "GET /logging"), StringComparison.Ordinal);
        Assert.Contains("current log level is warn\n", node.Http(15000, "POST /logging?level=warn"), StringComparison.Ordinal);
        Assert.Contains("current log level is info,access=debug\n", node.Http(15000, "POST /logging?reset"), StringComparison.Ordinal);
    }

    private static void CheckDump(Node node)
    {
        var answer = node.Http(15000, "GET /config_dump");
        using var dump = JsonDocument.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..]);
        var policy = Assert.Single(dump.RootElement.GetProperty("policies").EnumerateArray());
        Assert.Equal(("shut", "Namespace", "Deny", false), (
            policy.GetProperty("name").GetString(), policy.GetProperty("scope").GetString(), policy.GetProperty("action").GetString(),
            policy.GetProperty("dryRun").GetBoolean()));
        Assert.Equal(TwoNodes.DeniedPort, policy.GetProperty("rules")[0][0][0].GetProperty("destinationPorts")[0].GetInt32());

        var pod = Assert.Single(dump.RootElement.GetProperty("workloadState").EnumerateObject()).Value;
        Assert.Equal(("Up", "server"), (pod.GetProperty("state").GetString(), pod.GetProperty("info").GetProperty("name").GetString()));
        var connection = Assert.Single(pod.GetProperty("connections").GetProperty("inbound").EnumerateArray());
        Assert.Equal("HBONE", connection.GetProperty("protocol").GetString());
        Assert.StartsWith("10.92.0.1:", connection.GetProperty("src").GetString(), StringComparison.Ordinal);

        var root = dump.RootElement.GetProperty("certificates").EnumerateArray()
            .Single(static entry => entry.GetProperty("identity").GetString() == "spiffe://cluster.local/ns/default/sa/server").GetProperty("rootCerts")[0];
        var pem = Encoding.ASCII.GetString(root.GetProperty("pem").GetBytesFromBase64());
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", pem, StringComparison.Ordinal);
        Assert.Matches("^[0-9]+$", root.GetProperty("serialNumber").GetString());
        Assert.True(root.GetProperty("validFrom").GetDateTime() < root.GetProperty("expirationTime").GetDateTime());
    }
}
