using System.Buffers.Binary;
using System.Net;
using System.Text;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

[Trait("Category", "Kernel")]
public sealed class ProxyHeaderAtTheApplicationTests
{
    [Theory]
    [InlineData(null, "127.0.0.1")] // As it is without the variable.
    [InlineData("false", "10.95.0.2")]
    public async Task An_application_tunnel_is_told_source_destination_and_identity_before_the_first_byte(string? onLoopback, string listensAt)
    {
        const int tunnelPort = 15088;
        await using var lab = await Lab.StartAsync(
            ["client", "server"],
            [Lab.Pod("client", 1), Lab.Pod("server", 2) with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, tunnelPort) }],
            onLoopback is null ? [] : new Dictionary<string, string> { ["LOCALHOST_APP_TUNNEL"] = onLoopback });
        using var listener = lab["server"].Listen(listensAt, tunnelPort);
        using var client = lab["client"].Connect(Lab.AddressOf(2), 8123);
        client.Send("hello"u8);
        client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(20), System.Net.Sockets.SelectMode.SelectRead), "nothing arrived");
        using var server = listener.Accept();
        var bytes = Encoding.Latin1.GetBytes(Shell.ReadToEnd(server));

        const string identity = "spiffe://cluster.local/ns/default/sa/client";
        Assert.Equal([0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A], bytes[..12]);
        Assert.Equal(0x21, bytes[12]); // Version 2, PROXY.
        Assert.Equal(0x11, bytes[13]); // TCP over IPv4.
        Assert.Equal(12 + 3 + identity.Length, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(14)));
        Assert.Equal(IPAddress.Parse(Lab.AddressOf(1)), new IPAddress(bytes[16..20]));
        Assert.Equal(IPAddress.Parse(Lab.AddressOf(2)), new IPAddress(bytes[20..24]));
        Assert.NotEqual(0, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(24))); // The tunnel's own port: a client's is only claimed.
        Assert.Equal(8123, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(26)));
        Assert.Equal(0xD0, bytes[28]);
        Assert.Equal(identity.Length, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(29)));
        Assert.Equal(identity, Encoding.ASCII.GetString(bytes, 31, identity.Length));
        Assert.Equal("hello", Encoding.ASCII.GetString(bytes[(31 + identity.Length)..]));
    }
}
