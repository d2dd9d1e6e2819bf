using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>
/// A service of another network, through that network's gateway: real proxies in three namespaces; the gateway's proxy ends the outer
/// tunnel and a forwarder behind it passes the inner one on. No packet goes from the client's node to the server's.
/// </summary>
[Trait("Category", "Kernel")]
public sealed class OtherNetworkTests
{
    private const int GatewayPort = 15088;
    private static readonly Workload Client = Lab.Pod("client", 1, "east");
    private static readonly Workload Gateway = Lab.Pod("gateway", 2, "east") with
    {
        ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, GatewayPort),
    };

    private static readonly Service Api = Lab.Service("api", 10, "east") with { SubjectAltNames = ["spiffe://cluster.local/ns/default/sa/server"] };
    private static readonly Workload Server = Lab.Backs(Lab.Pod("server", 3, "west"), Api) with
    {
        NetworkGateway = new GatewayAddress(null, new NetworkAddress("east", IPAddress.Parse(Lab.AddressOf(2))), 15008),
    };

    private static async Task<(Lab Lab, Forwarder Forwarder)> StartAsync()
    {
        var lab = await Lab.StartAsync(
            ["client", "gateway", "server"], [Client, Gateway, Server, Api]);
        Shell.Run(
            $"nsenter --net=/run/netns/{lab["server"].Name} nft -f -",
            $"table inet f {{\n chain c {{\n type filter hook input priority 0;\n ip saddr {Lab.AddressOf(1)} drop\n }}\n}}\n");
        return (lab, new Forwarder(lab["gateway"], GatewayPort, Lab.AddressOf(3), 15008));
    }

    [Fact]
    public async Task Bytes_cross_both_tunnels_unchanged_and_both_ends_prove_who_they_are()
    {
        var (lab, forwarder) = await StartAsync();
        await using var _ = lab;
        using var __ = forwarder;
        using var echo = new EchoServer(lab["server"]);

        var digests = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(
            () =>
            {
                using var socket = lab["client"].Connect(Lab.VirtualAddressOf(10), 80);
                var sent = RandomNumberGenerator.GetBytes((3 * 1024 * 1024) + (i * 77_777));
                var sending = new Thread(() =>
                {
                    for (var at = 0; at < sent.Length;) at += socket.Send(sent, at, Math.Min(100_000, sent.Length - at), SocketFlags.None);
                    socket.Shutdown(SocketShutdown.Send);
                });
                sending.Start();
                var got = ReadToEnd(socket);
                sending.Join();
                return Convert.ToHexString(SHA256.HashData(sent)) == Convert.ToHexString(SHA256.HashData(got)) ? "" : $"{sent.Length} sent, {got.Length} back";
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.All(digests, static problem => Assert.Equal("", problem));
        Assert.Equal(8, echo.Connections);
        Assert.Equal(8, forwarder.Connections);

        lab["client"].WaitForLine(
            "connection complete", "direction=\"outbound\"", $"dst.addr={Lab.AddressOf(2)}:15008", "dst.hbone_addr=api.default.svc.cluster.local:80",
            "dst.service=\"api.default.svc.cluster.local\"", "dst.workload=\"server\"", "dst.identity=\"spiffe://cluster.local/ns/default/sa/server\"");
        lab["gateway"].WaitForLine("connection complete", "direction=\"inbound\"", "src.identity=\"spiffe://cluster.local/ns/default/sa/client\"");
        var inner = lab["server"].WaitForLine(
            "connection complete", "direction=\"inbound\"", $"src.addr={Lab.AddressOf(2)}:", "src.identity=\"spiffe://cluster.local/ns/default/sa/client\"",
            $"dst.addr={Lab.AddressOf(3)}:15008", "dst.hbone_addr=api.default.svc.cluster.local:80");
        Assert.Contains("src.workload=\"client\" src.namespace=\"default\"", inner);
        Assert.DoesNotContain("src.workload=\"gateway\"", inner); // Whoever holds the address here is not the client: it comes from elsewhere.
    }

    [Fact]
    public async Task Resets_and_refusals_reach_the_client()
    {
        var (lab, forwarder) = await StartAsync();
        await using var _ = lab;
        using var __ = forwarder;
        using (var listener = lab["server"].Listen(Lab.ApplicationPort))
        {
            using var client = lab["client"].Connect(Lab.VirtualAddressOf(10), 80);
            client.Send("a"u8);
            Assert.True(listener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "nothing arrived");
            var server = listener.Accept();
            Assert.Equal(1, server.Receive(new byte[16]));
            server.Close(0);
            var reset = Assert.Throws<SocketException>(() => client.Receive(new byte[16]));
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }

        // Nobody listens: the remote proxy says 503, through both layers.
        using (var client = lab["client"].Connect(Lab.VirtualAddressOf(10), 80)) Shell.ReadToEnd(client);
        lab["client"].WaitForLine("direction=\"outbound\"", "error=\"http status: 503\"");

        // The service proves another identity than the remote proxy's.
        lab.ControlPlane.Publish(Api with { SubjectAltNames = ["spiffe://cluster.local/ns/default/sa/somebody"] });
        Shell.WaitFor("the wrong identity to be noticed", () =>
        {
            using var client = lab["client"].Connect(Lab.VirtualAddressOf(10), 80);
            Shell.ReadToEnd(client);
            return lab["client"].Lines.Any(static line => line.Contains("WrongIdentity: behind the network gateway is", StringComparison.Ordinal));
        });

        // Without a name to expect nothing is dialled.
        lab.ControlPlane.Publish(Api with { SubjectAltNames = [] });
        Shell.WaitFor("the refusal", () =>
        {
            using var client = lab["client"].Connect(Lab.VirtualAddressOf(10), 80);
            Shell.ReadToEnd(client);
            return lab["client"].Lines.Any(static line => line.Contains("names no identity to expect", StringComparison.Ordinal));
        });
    }

    private static byte[] ReadToEnd(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[256 * 1024];
        while (socket.Receive(buffer) is var read and > 0) all.Write(buffer, 0, read);
        return all.ToArray();
    }
}
