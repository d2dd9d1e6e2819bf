using System.Net.Sockets;
using System.Text;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>What connections do when an endpoint does not answer, and what an operator reads about it.</summary>
[Trait("Category", "Kernel")]
public sealed class EndpointTests
{
    private static readonly Service Api = Lab.Service("api", 10);

    private static Task<Lab> StartAsync() => Lab.StartAsync(
        ["client", "good", "bad"],
        [Lab.Pod("client", 1), Lab.Backs(Lab.Pod("good", 2), Api), Lab.Backs(Lab.Pod("bad", 3), Api), Api],
        new Dictionary<string, string> { ["MESH_DIAL_TIMEOUT"] = "1s" });

    private static string Ask(Lab lab, string address, int port)
    {
        using var client = lab["client"].Connect(address, port);
        client.Send("hello"u8);
        client.Shutdown(SocketShutdown.Send);
        return Shell.ReadToEnd(client);
    }

    private static int CountOf(Lab lab, string series)
    {
        var line = lab["client"].Http(15020, "GET /metrics").Split('\n').Single(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return int.Parse(line[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_blocked_endpoint_costs_one_dial_and_is_told_on_the_page_the_metrics_and_the_log()
    {
        await using var lab = await StartAsync();
        Shell.Run($"ip netns exec {lab["bad"].Name} nft -f -", "table inet f {\n chain c {\n type filter hook input priority 0;\n tcp dport 15008 drop\n }\n}\n");
        using var echo = new EchoServer(lab["good"]);
        for (var i = 0; i < 60; i++) Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(10), 80));

        // On each of the two workers the endpoint rested for a second, two, four after a dial; without that, thirty dials would have timed out.
        Assert.InRange(CountOf(lab, "mesh_peer_dials_total{outcome=\"dial_timeout\"}"), 1, 14);
        Assert.Equal(60, echo.Connections);
        Assert.DoesNotContain(lab["client"].Lines, static line => line.Contains("error=", StringComparison.Ordinal));

        Assert.Equal("", Ask(lab, Lab.AddressOf(3), Lab.ApplicationPort)); // By its own address there is no other to try.
        lab["client"].WaitForLine(
            "\terror\taccess\tconnection complete", "dst.addr=10.95.0.3:15008", "dst.workload=\"bad\"",
            "error=\"the peer's port 15008 does not answer; a NetworkPolicy or firewall may block it", "it never answered\"");
        var page = lab["client"].Http(15000, "GET /reachability?format=text");
        Assert.Contains("BLOCKED  default/client -> default/bad at 10.95.0.3:15008 on bad  reached 0, last never; failed", page);
        Assert.Contains("a NetworkPolicy or firewall blocks port 15008 between default/client and default/bad; it never answered", page);
        Assert.Contains("ok       default/client -> default/good at 10.95.0.2:15008 on good  reached", page);
        var json = lab["client"].Http(15000, "GET /reachability");
        Assert.Contains("\"lastFailure\": \"dial_timeout\"", json);
        var metrics = lab["client"].Http(15020, "GET /metrics").Split('\n');
        Assert.Contains(metrics, static line => line.StartsWith("istio_tcp_connections_failed_total", StringComparison.Ordinal) && line.Contains("response_flags=\"NETWORK_POLICY\"", StringComparison.Ordinal));
        Assert.Contains(metrics, static line => line.StartsWith("mesh_peer_dials_total{outcome=\"dial_timeout\"} ", StringComparison.Ordinal));
        Assert.Contains(metrics, static line => line.StartsWith("mesh_peers_blocked ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));

        // The block is lifted: the next success clears the suspicion.
        Shell.Run($"ip netns exec {lab["bad"].Name} nft delete table inet f");
        using var other = new EchoServer(lab["bad"]);
        Shell.WaitFor("both workers to reach it again", () =>
        {
            Assert.Equal("hello", Ask(lab, Lab.AddressOf(3), Lab.ApplicationPort));
            return lab["client"].Http(15020, "GET /metrics").Contains("mesh_peers_blocked 0", StringComparison.Ordinal);
        });
        Assert.Contains("ok       default/client -> default/bad", lab["client"].Http(15000, "GET /reachability?format=text"));
    }

    [Fact]
    public async Task The_next_endpoint_is_tried_when_the_application_of_the_first_does_not_listen()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["good"]); // On the other node nobody listens: its proxy answers 503.
        for (var i = 0; i < 12; i++) Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(10), 80));
        lab["bad"].WaitForLine("\terror\taccess\t", "direction=\"inbound\"", "the application at 10.95.0.3:8080 does not answer");
        Assert.DoesNotContain(lab["client"].Lines, static line => line.Contains("error=", StringComparison.Ordinal));
        Assert.Contains(
            lab["client"].Http(15020, "GET /metrics").Split('\n'),
            static line => line.StartsWith("mesh_endpoint_ejections_total ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connections_that_stay_spread_evenly_over_the_endpoints()
    {
        await using var lab = await StartAsync();
        using var good = new EchoServer(lab["good"], greeting: "g");
        using var bad = new EchoServer(lab["bad"], greeting: "b");
        var clients = new List<Socket>();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                var client = lab["client"].Connect(Lab.VirtualAddressOf(10), 80);
                clients.Add(client);
                var greeting = new byte[1];
                Assert.Equal(1, client.Receive(greeting));
                Assert.Contains(Encoding.ASCII.GetString(greeting), "gb", StringComparison.Ordinal);
            }

            Assert.InRange(good.Connections, 26, 34); // By chance alone it would be further off every fourth time.
            Assert.Equal(60, good.Connections + bad.Connections);
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }
    }
}
