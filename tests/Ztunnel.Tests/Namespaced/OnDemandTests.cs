using System.Net;
using System.Net.Sockets;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Proxies that ask the discovery server for single names instead of everything.</summary>
[Trait("Category", "Kernel")]
public sealed class OnDemandTests
{
    private static readonly Service Api = Lab.Service("api", 10);
    private static readonly Service Gate = Lab.Service("gate", 11) with { Waypoint = new GatewayAddress(new NamespacedHostname("default", "way.default.svc.cluster.local"), null, 15008) };
    private static readonly Service Way = Lab.Service("way", 12) with { Ports = [new ServicePort(15008, 15008)] };
    private static readonly Workload Waypoint = Lab.Pod("waypoint", 3) with
    {
        ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, Lab.ApplicationPort),
    };

    private static Task<Lab> StartAsync(params object[] others) => Lab.StartAsync(
        ["client", "server", "waypoint"],
        [Lab.Pod("client", 1), Lab.Backs(Lab.Pod("server", 2), Api), Lab.Backs(Waypoint, Way), Api, Way, .. others],
        new Dictionary<string, string> { ["XDS_ON_DEMAND"] = "true", ["MESH_WORKLOAD_WAIT"] = "3s" });

    private static string Ask(Lab lab, string address, int port)
    {
        using var client = lab["client"].Connect(address, port);
        client.Send("hello"u8);
        client.Shutdown(SocketShutdown.Send);
        return Shell.ReadToEnd(client);
    }

    private static bool Dumps(Lab lab, string node, string text) => lab[node].Http(15000, "GET /config_dump").Contains(text, StringComparison.Ordinal);

    [Fact]
    public async Task Only_what_is_used_is_known_and_it_is_there_when_the_first_connection_needs_it()
    {
        await using var lab = await StartAsync(Gate);
        using var echo = new EchoServer(lab["server"]);
        Assert.False(Dumps(lab, "client", "api.default.svc"), "nobody asked for the service yet");
        Assert.False(Dumps(lab, "client", "Pod/default/server"), "nobody asked for the server yet");

        // By the service's address: the service and its endpoint come with the first connection.
        Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(10), 80));
        lab["client"].WaitForLine("connection complete", "dst.service=\"api.default.svc.cluster.local\"", "dst.workload=\"server\"", "dst.addr=10.95.0.2:15008");
        Assert.True(Dumps(lab, "client", "api.default.svc"));
        Assert.False(Dumps(lab, "client", "gate.default.svc"));

        // A waypoint that is named by host: asked for in turn.
        using var behind = new EchoServer(lab["waypoint"]);
        Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(11), 80));
        lab["client"].WaitForLine("connection complete", "dst.service=\"gate.default.svc.cluster.local\"", "dst.addr=10.95.0.3:15008", "dst.hbone_addr=10.96.0.11:80");
        lab["waypoint"].WaitForLine("connection complete", "direction=\"inbound\"", "dst.hbone_addr=10.96.0.11:80");

        // Nobody has this address: that is an answer, and the connection passes through as it would with everything subscribed.
        using var outside = lab["server"].Listen(9999);
        Shell.Run($"ip -n {lab["server"].Name} addr add 10.95.0.77/24 dev veth0");
        using var direct = lab["server"].Namespace.Run(static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse("10.95.0.77"), 8500));
            socket.Listen(4);
            return socket;
        });
        Shell.Run($"ip netns exec {lab["server"].Name} nft insert rule inet r in ip daddr 10.95.0.77 accept");
        using var client = lab["client"].Connect("10.95.0.77", 8500);
        Assert.True(direct.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "nothing arrived");
        using (direct.Accept())
        {
        }
    }

    [Fact]
    public async Task A_workload_that_comes_later_is_told_and_one_that_leaves_is_forgotten()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["server"]);
        Assert.Equal("", Ask(lab, Lab.VirtualAddressOf(40), 80)); // Unknown: passes through to where nobody is.
        var late = Lab.Service("late", 40);
        lab.ControlPlane.Publish(late, Lab.Backs(Lab.Backs(Lab.Pod("server", 2), Api), late));
        Shell.WaitFor("the late service", () => Dumps(lab, "client", "late.default.svc"));
        Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(40), 80));

        lab.ControlPlane.RemoveAddress(late.Key.ToString());
        Shell.WaitFor("the late service to leave", () => !Dumps(lab, "client", "\"late.default.svc.cluster.local\""));
    }

    [Fact]
    public async Task What_was_asked_for_survives_the_end_of_a_stream()
    {
        await using var lab = await StartAsync();
        using var echo = new EchoServer(lab["server"]);
        Assert.Equal("hello", Ask(lab, Lab.VirtualAddressOf(10), 80));
        lab.ControlPlane.EndStreams();
        lab.ControlPlane.Publish(Api with { Ports = [new ServicePort(80, Lab.ApplicationPort), new ServicePort(81, Lab.ApplicationPort)] });
        Shell.WaitFor("the change to arrive on the new stream", () => Ask(lab, Lab.VirtualAddressOf(10), 81) == "hello");
    }
}
