using System.Net;
using System.Net.Sockets;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>With the routes and marks that the node agent gives a pod, and the proxy told to insist.</summary>
[Trait("Category", "Kernel")]
public sealed class SourcePreservationTests
{
    /// <summary>Packets of the proxy mark their connection, answers to it are marked, and what is marked stays here whatever its address.</summary>
    private const string Rules = """
        table inet kept {
          chain in {
            type filter hook prerouting priority mangle;
            meta mark & 0xfff == 0x539 ct mark set 0x111
          }
          chain out {
            type route hook output priority mangle;
            ct mark & 0xfff == 0x111 meta mark set 0x111
          }
        }

        """;

    [Fact]
    public void The_application_sees_its_clients_address_through_a_tunnel()
    {
        using var nodes = new TwoNodes(server => server["ENABLE_ORIG_SRC"] = "true");
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        var inside = $"ip -n {nodes.Server.Name}";
        Shell.Run($"{inside} rule add fwmark 0x111/0xfff pref 32764 lookup 100 && {inside} route add local 0.0.0.0/0 dev lo table 100");
        Shell.Run($"ip netns exec {nodes.Server.Name} nft -f -", Rules);

        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var client = nodes.Client.Connect(nodes.Server.Address, TwoNodes.OpenPort);
        client.Send("a"u8);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "nothing arrived");
        using var server = listener.Accept();
        Assert.Equal(nodes.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address.ToString());
        using (var echo = new Echo(client, server, skip: 1)) echo.AssertAlive();
        nodes.Server.WaitForLine("connection complete", "direction=\"inbound\"", "src.identity=\"spiffe://cluster.local/ns/default/sa/client\"");
    }
}
