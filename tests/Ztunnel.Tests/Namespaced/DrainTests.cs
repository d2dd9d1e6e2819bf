using System.Text;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Ends its own two processes, so it has its own two namespaces.</summary>
[Trait("Category", "Kernel")]
public sealed class DrainTests
{
    [Fact]
    public void A_live_connection_goes_on_until_it_ends_and_then_the_process_ends_well()
    {
        using var nodes = new TwoNodes();
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var client = nodes.Client.Connect(nodes.Server.Address, TwoNodes.OpenPort);
        client.Send("a"u8);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(30), System.Net.Sockets.SelectMode.SelectRead), "nothing arrived");
        using var server = listener.Accept();
        nodes.Server.Terminate();
        nodes.Server.WaitForLine("draining");
        server.Send("still here"u8);
        var buffer = new byte[64];
        Assert.Equal("still here", Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)));
        client.Close();
        server.Close();
        Shell.WaitFor("the end of the process", () => nodes.Server.ExitCode is not null);
        Assert.Equal(0, nodes.Server.ExitCode);
        nodes.Server.WaitForLine("connection complete", "direction=\"inbound\"");
    }
}
