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

    [Fact]
    public void At_the_deadline_what_is_left_is_cut_and_logged_as_drained()
    {
        using var nodes = new TwoNodes(server => server["CONNECTION_TERMINATION_DEADLINE"] = "2s");
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var client = Connected(nodes, listener, out var server);
        var started = System.Diagnostics.Stopwatch.StartNew();
        nodes.Server.Terminate();
        nodes.Server.WaitForLine("draining for up to 00:00:02");
        Shell.ReadToEnd(server);
        Shell.ReadToEnd(client);
        Assert.True(started.Elapsed > TimeSpan.FromSeconds(1.9), $"cut after {started.Elapsed}");
        Shell.WaitFor("the end of the process", () => nodes.Server.ExitCode is not null);
        Assert.Equal(0, nodes.Server.ExitCode);
        nodes.Server.WaitForLine("connection complete", "direction=\"inbound\"", "error=\"connection closed: the proxy is draining\"");
        server.Dispose();
    }

    [Fact]
    public void An_interrupt_drains_and_a_second_one_ends_the_process_at_once()
    {
        using var nodes = new TwoNodes(server => server["CONNECTION_TERMINATION_DEADLINE"] = "120s");
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var client = Connected(nodes, listener, out var server);
        nodes.Server.Signal("INT");
        nodes.Server.WaitForLine("draining for up to 00:02:00");
        Assert.Null(nodes.Server.ExitCode);
        var started = System.Diagnostics.Stopwatch.StartNew();
        nodes.Server.Signal("INT");
        Shell.WaitFor("the end of the process", () => nodes.Server.ExitCode is not null);
        Assert.True(started.Elapsed < TimeSpan.FromSeconds(10), $"the end took {started.Elapsed}");
        Assert.NotEqual(0, nodes.Server.ExitCode);
        server.Dispose();
    }

    [Fact]
    public void Quitquitquit_drains_too_and_refuses_what_is_new()
    {
        using var nodes = new TwoNodes();
        if (nodes.Missing is { } missing) Assert.Skip(missing);
        Assert.Contains("405", nodes.Server.Http(15000, "GET /quitquitquit"));
        using var listener = nodes.Server.Listen(TwoNodes.OpenPort);
        using var client = Connected(nodes, listener, out var server);
        Assert.Contains("200 OK", nodes.Server.Http(15000, "POST /quitquitquit"));
        nodes.Server.WaitForLine("draining");
        Shell.WaitFor("closed listeners", () =>
        {
            try
            {
                nodes.Server.Connect("127.0.0.1", 15008).Dispose();
                return false;
            }
            catch (System.Net.Sockets.SocketException e)
            {
                return e.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionRefused;
            }
        });
        client.Close();
        server.Close();
        Shell.WaitFor("the end of the process", () => nodes.Server.ExitCode is not null);
        Assert.Equal(0, nodes.Server.ExitCode);
    }

    private static System.Net.Sockets.Socket Connected(TwoNodes nodes, System.Net.Sockets.Socket listener, out System.Net.Sockets.Socket server)
    {
        var client = nodes.Client.Connect(nodes.Server.Address, TwoNodes.OpenPort);
        client.Send("a"u8);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(30), System.Net.Sockets.SelectMode.SelectRead), "nothing arrived");
        server = listener.Accept();
        server.ReceiveTimeout = 60_000;
        client.ReceiveTimeout = 60_000;
        return client;
    }
}
