using System.Diagnostics;
using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>The network goes away without a word.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class PartitionTests(Site site) : IClassFixture<Site>
{
    /// <summary>A PING after ten seconds of silence, given up twenty later, and some seconds for timers and a busy machine.</summary>
    private static readonly TimeSpan GivenUpWithin = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task A_pulled_cable_ends_what_hung_on_it_and_afterwards_all_is_well()
    {
        site.SkipIfImpossible();
        using var echo = site.Server.Listen(Site.ServerIp, Ports.Aborting);
        using var client = site.Client.Connect(Site.ServerIp, Ports.Aborting);
        using var server = await echo.AcceptAsync().WaitAsync(Wire.Patience);
        await Wire.SendAsync(client, "hello"u8.ToArray());
        Assert.Equal(5, await Wire.ReceiveAsync(server, new byte[16]));

        Shell.Run($"ip -n {site.Server.Name} link set veth0 down");
        var clock = Stopwatch.StartNew();
        await Wire.SendAsync(client, "into the void"u8.ToArray());
        var (clientEnd, serverEnd) = (EndAsync(client), EndAsync(server));
        await Task.WhenAll(clientEnd, serverEnd).WaitAsync(GivenUpWithin);
        Console.WriteLine($"hostile: a pulled cable was noticed after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.Equal((SocketError.ConnectionReset, SocketError.ConnectionReset), (await clientEnd, await serverEnd)); // Bytes may be lost: no orderly end.
        Assert.Equal(0, site.Client.Tunnels());
        site.Client.WaitForLine("answered nothing for too long");

        Shell.Run($"ip -n {site.Server.Name} link set veth0 up");
        Shell.WaitFor("the cable", CarriesBytes);
        using var bystander = new Bystander(site, Ports.Denied);
        await bystander.AskWhileAsync(Task.CompletedTask, atLeast: 5);
        Assert.Empty(site.Client.Access.Faults.Concat(site.Server.Access.Faults));
    }

    /// <summary>Past the proxies: a neighbour has to be found again first.</summary>
    private bool CarriesBytes()
    {
        try
        {
            using var socket = site.Client.Connect(Site.ServerIp, 15021);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<SocketError> EndAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[16]) == 0 ? SocketError.Success : SocketError.IsConnected;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}
