using System.Net;
using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Xds.Server;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Budgets;

/// <summary>On a machine whose default paces by the clock (BBR), connections that stay on the machine do not pay for it; others keep the default.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class CongestionTests : IAsyncLifetime
{
    private const string Reno = " reno ";
    private readonly Site site = new();

    public ValueTask InitializeAsync() => site.InitializeAsync();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_way_to_the_application_and_tunnels_within_a_node_do_without_pacing(bool isOneNode)
    {
        site.SkipIfImpossible();
        var machine = File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim();
        if (machine == "reno") Assert.Skip("the machine's default is reno");
        if (isOneNode)
        {
            // Each is told that the other is where it is itself.
            site.ControlPlane.Publish(
            [
                Resource.From(Site.Pod("client", "client", site.Client.Address) with { Node = "server" }),
                Resource.From(Site.Pod("server", "server", Site.ServerIp) with { Node = "client" }),
            ]);
            Shell.WaitFor("the news", () => site.Client.Http(15000, "GET /config_dump").Contains("\"node\": \"client\"", StringComparison.Ordinal)
                && site.Server.Http(15000, "GET /config_dump").Contains("\"node\": \"server\"", StringComparison.Ordinal));
        }

        using var application = site.Server.Listen(Site.ServerIp, Ports.Calm);
        using var client = site.Client.Connect(Site.ServerIp, Ports.Calm);
        using var server = await application.AcceptAsync(CancellationToken.None).AsTask().WaitAsync(Wire.Patience);
        client.Send("x"u8);
        Assert.Equal(1, await Wire.ReceiveAsync(server, new byte[1]));

        Assert.Contains(Reno, Sockets(site.Server, $"dport = :{Ports.Calm}"), StringComparison.Ordinal);
        Assert.Contains(Reno, Sockets(site.Client, "sport = :15001"), StringComparison.Ordinal);
        var wanted = isOneNode ? Reno : $" {machine} ";
        Assert.Contains(wanted, Sockets(site.Client, "dport = :15008"), StringComparison.Ordinal);
        Assert.Contains(wanted, Sockets(site.Server, "sport = :15008"), StringComparison.Ordinal);
    }

    /// <summary>What the kernel says of established connections, their congestion control among it.</summary>
    private static string Sockets(ProxyNode node, string which)
    {
        using var tool = node.StartInside(["ss", "-tinHO", "state", "established", which]);
        return tool.StandardOutput.ReadToEnd();
    }
}
