using System.Net;
using System.Net.Sockets;
using System.Text;
using Mesh.Dns;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Endpoints that have only a name, and clients that name their destination: through the real process.</summary>
[Trait("Category", "Kernel")]
public sealed class NamedEndpointTests(DnsPod pod) : IClassFixture<DnsPod>
{
    private static readonly byte[] Hello = [5, 1, 0];

    private int HeardOf(string name) => pod.Server.Heard.Count(heard =>
        DnsQuery.TryRead(heard.Question, out var query) == DnsQueryRead.Complete && DnsName.Describe(query.Name) == name + ".");

    private static string Echo(Socket listener, Socket client)
    {
        Assert.True(listener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "nothing arrived");
        using var server = listener.Accept();
        var buffer = new byte[64];
        var heard = Encoding.ASCII.GetString(buffer, 0, server.Receive(buffer));
        server.Send(Encoding.ASCII.GetBytes(heard.ToUpperInvariant()));
        return Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer));
    }

    private static byte[] Request(byte kind, byte[] host, int port, byte command = 1) => [5, command, 0, kind, .. host, (byte)(port >> 8), (byte)port];

    private static byte[] Named(string name, int port) => Request(3, [(byte)name.Length, .. Encoding.ASCII.GetBytes(name)], port);

    private static byte[] Take(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var received = socket.Receive(bytes, at, count - at, SocketFlags.None);
            if (received == 0) return bytes[..at];
            at += received;
        }

        return bytes;
    }

    private Socket Socks()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        return pod.Pod.Connect("127.0.0.1", 15080);
    }

    [Fact]
    public void A_connection_to_a_service_reaches_an_endpoint_that_only_has_a_name_and_its_address_is_remembered()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        using var listener = pod.World.Listen(DnsPod.NamedPort);
        for (var i = 0; i < 3; i++)
        {
            using var client = pod.Pod.Connect("10.96.1.2", 80);
            client.Send("hello"u8);
            Assert.Equal("HELLO", Echo(listener, client));
        }

        pod.Pod.WaitForLine("\taccess\tconnection complete", $"dst.addr={DnsPod.Outside}:{DnsPod.NamedPort}", "dst.workload=\"named\"", "dst.service=\"named.example.com\"");
        Assert.InRange(HeardOf("endpoint.example.com"), 1, 4); // Each worker remembers for itself; a pod's own question comes on top.
        var metrics = pod.Pod.Http(15020, "GET /metrics");
        Assert.Contains("istio_on_demand_dns_total{source_workload=\"client\"", metrics);
        Assert.Contains("hostname=\"endpoint.example.com\"} ", metrics);
    }

    [Fact]
    public void A_name_without_an_address_closes_the_connection_and_says_why()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        using var client = pod.Pod.Connect("10.96.1.3", 80);
        Assert.Equal("", Shell.ReadToEnd(client));
        pod.Pod.WaitForLine("\terror\taccess\t", "no.example.net has no address", "dst.service=\"lost.example.com\"");
    }

    [Fact]
    public void A_SOCKS_client_is_carried_to_an_address_and_what_it_sends_early_is_not_lost()
    {
        using var client = Socks();
        using var listener = pod.World.Listen(9001);
        client.Send([.. Hello, .. Request(1, IPAddress.Parse(DnsPod.Outside).GetAddressBytes(), 9001), .. "early"u8]); // All at once.
        Assert.Equal([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0], Take(client, 12));
        Assert.Equal("EARLY", Echo(listener, client));
        client.Close();
        pod.Pod.WaitForLine("\taccess\tconnection complete", $"dst.addr={DnsPod.Outside}:9001", "src.workload=\"client\"", "direction=\"outbound\"");
    }

    [Theory]
    [InlineData("endpoint.example.com", 9002)] // A name server knows it.
    [InlineData("named.example.com", 80)] // The mesh knows it: a service.
    public void A_SOCKS_client_may_name_its_destination(string name, int port)
    {
        using var client = Socks();
        using var listener = pod.World.Listen(port == 80 ? DnsPod.NamedPort : port);
        client.Send(Hello);
        Assert.Equal([5, 0], Take(client, 2));
        client.Send(Named(name, port));
        Assert.Equal(0, Take(client, 10)[1]);
        client.Send("hello"u8);
        Assert.Equal("HELLO", Echo(listener, client));
    }

    [Fact]
    public void A_SOCKS_client_learns_that_a_name_has_no_address()
    {
        using var client = Socks();
        client.Send([.. Hello, .. Named("no.example.net", 80)]);
        Assert.Equal([5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0], Take(client, 12));
        Assert.Equal("", Shell.ReadToEnd(client));
    }

    [Theory]
    [InlineData(2)] // BIND
    [InlineData(3)] // UDP ASSOCIATE
    public void Other_commands_of_SOCKS_are_refused(byte command)
    {
        using var client = Socks();
        client.Send([.. Hello, .. Request(1, [10, 93, 0, 2], 80, command)]);
        Assert.Equal([5, 0, 5, 7], Take(client, 12)[..4]);
        Assert.Equal("", Shell.ReadToEnd(client));
    }

    [Fact]
    public void What_is_no_SOCKS5_is_refused_and_counted()
    {
        using (var client = Socks())
        {
            client.Send("GET / HTTP/1.1\r\n\r\n"u8);
            Assert.Equal(7, Take(client, 10)[1]);
        }

        using (var client = Socks())
        {
            client.Send([5, 1, 2]); // Name and password only.
            Assert.Equal(7, Take(client, 10)[1]);
        }

        pod.Pod.WaitForLine("\twarn\taccess\tconnection failed", "not a SOCKS5 CONNECT");
        Assert.Contains("mesh_connections_refused_total{port=\"15080\",reason=\"NotSupported\"}", pod.Pod.Http(15020, "GET /metrics"));
    }

    [Fact]
    public void A_SOCKS_client_cannot_reach_the_proxy_itself_and_others_cannot_reach_SOCKS()
    {
        using var client = Socks();
        client.Send([.. Hello, .. Request(1, [127, 0, 0, 1], 15001)]);
        Take(client, 12);
        Assert.Equal("", Shell.ReadToEnd(client));
        Assert.Throws<SocketException>(() => pod.World.Connect(pod.Pod.Address, 15080));
    }
}
