using System.Net.Sockets;
using System.Text;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>A proxy with settings of its own: ranges past the mesh, small windows, and a log of failures only.</summary>
[Trait("Category", "Kernel")]
public sealed class BypassTests
{
    [Fact]
    public void What_is_in_a_range_goes_straight_and_at_once_even_when_nothing_is_known_of_the_pod()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        var environment = star.EnvironmentOf("client");
        environment["PROXY_WORKLOAD_INFO"] = "default/nobody/nobody"; // Nobody of that name will ever come.
        environment["MESH_BYPASS_CIDRS"] = $"192.0.2.0/24,{star.Server.Address}/32:{Star.OpenPort}";
        star.Client.Start(environment);
        star.Client.WaitUntilReady();

        using var listener = star.Server.Listen(Star.OpenPort);
        var started = System.Diagnostics.Stopwatch.StartNew();
        using var client = star.Client.Connect(star.Server.Address, Star.OpenPort);
        client.Send("plain"u8);
        Assert.True(listener.Poll(TimeSpan.FromSeconds(4), SelectMode.SelectRead), "it waited for the pod's workload");
        using var server = listener.Accept();
        Assert.True(started.Elapsed < TimeSpan.FromSeconds(4), $"it took {started.Elapsed}");
        using (var echo = new Echo(client, server, skip: 5)) echo.AssertAlive();

        star.Client.WaitForLine("\tinfo\taccess\tconnection complete", "dst.addr=10.94.0.1:8080", "direction=\"outbound\"", "bypass=true");
        Assert.Contains("mesh_connections_bypassed_total 1\n", star.Client.Http(15020, "GET /metrics"));
    }

    [Fact]
    public void A_log_of_failures_has_failures_only_and_small_windows_carry_everything()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        foreach (var (node, name) in new[] { (star.Server, "server"), (star.Client, "client") })
        {
            var environment = star.EnvironmentOf(name);
            environment["MESH_ACCESS_LOG"] = "failures";
            environment["HTTP2_STREAM_WINDOW_SIZE"] = "65535";
            environment["HTTP2_CONNECTION_WINDOW_SIZE"] = "65535";
            environment["HTTP2_FRAME_SIZE"] = "16384";
            node.Start(environment);
        }

        star.Server.WaitUntilReady();
        star.Client.WaitUntilReady();
        Assert.Contains("\"windowSize\": 65535", star.Client.Http(15000, "GET /config_dump"));
        using (var listener = star.Server.Listen(Star.OpenPort))
        {
            using var client = star.Client.Connect(star.Server.Address, Star.OpenPort);
            client.Send("plain"u8);
            Assert.True(listener.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "nothing arrived");
            using var server = listener.Accept();
            using var echo = new Echo(client, server, skip: 5);
            echo.AssertAlive();
        }

        // Nobody listens any more: this one fails, and its line comes behind the one that does not.
        using var refused = star.Client.Connect(star.Server.Address, Star.OpenPort);
        try
        {
            refused.Send(Encoding.ASCII.GetBytes("x"));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // The refusal was there first.
        }

        Shell.ReadToEnd(refused);
        star.Server.WaitForLine("\terror\taccess\tconnection complete", "does not answer");
        star.Client.WaitForLine("\terror\taccess\tconnection complete", "error=");
        Assert.DoesNotContain(star.Server.Lines.Concat(star.Client.Lines), line => line.Contains("\tinfo\taccess\t", StringComparison.Ordinal));
    }
}
