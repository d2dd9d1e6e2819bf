using System.Net.Sockets;
using System.Text;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>A shared proxy that knows its own pod can be reached through the mesh, and in no other way than by tunnels.</summary>
[Trait("Category", "Kernel")]
public sealed class SelfListenerTests
{
    [Fact]
    public void Its_metrics_are_read_through_the_mesh_and_its_admin_page_is_not()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        StartShared(star, knowsItself: true);
        star.Client.Start(star.EnvironmentOf("client"));
        star.Client.WaitUntilReady();

        string? page = null;
        Shell.WaitFor("the metrics through the mesh", () => (page = Ask(star, 15020)).Contains("istio_build", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200 OK", page, StringComparison.Ordinal);
        foreach (var metric in new[] { "active_proxy_count", "pending_proxy_count", "proxies_started_total", "proxies_stopped_total" })
        {
            Assert.Contains($"\nworkload_manager_{metric} 0\n", page, StringComparison.Ordinal);
        }

        star.Server.WaitForLine(
            "connection complete",
            "direction=\"inbound\"",
            "dst.hbone_addr=10.94.0.1:15020",
            "src.identity=\"spiffe://cluster.local/ns/default/sa/client\"",
            "dst.identity=\"spiffe://cluster.local/ns/default/sa/server\"");

        Assert.Equal("", Ask(star, 15000)); // Only on the loopback.
        star.Server.WaitForLine("connection complete", "dst.hbone_addr=10.94.0.1:15000", "error=");
        foreach (var port in new[] { 15001, 15006 })
        {
            Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => star.Server.Connect("127.0.0.1", port)).SocketErrorCode);
        }
    }

    [Fact]
    public void Without_knowing_its_pod_it_takes_no_tunnels()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        StartShared(star, knowsItself: false);
        WaitForMetrics(star);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => star.Server.Connect("127.0.0.1", 15008)).SocketErrorCode);
    }

    private static void StartShared(Star star, bool knowsItself)
    {
        var environment = star.EnvironmentOf("server");
        environment["PROXY_MODE"] = "shared";
        environment["INPOD_UDS"] = Path.Combine(star.Folder, "nobody.sock");
        environment["POD_NAME"] = "server";
        environment["POD_NAMESPACE"] = "default";
        if (knowsItself) environment["SERVICE_ACCOUNT"] = "server";
        star.Server.Start(environment);
        WaitForMetrics(star);
    }

    private static void WaitForMetrics(Star star) => Shell.WaitFor("the metrics page", () =>
    {
        try
        {
            return star.Server.Http(15020, "GET /metrics").Contains("istio_build", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    });

    private static string Ask(Star star, int port)
    {
        using var socket = star.Client.Connect(star.Server.Address, port);
        try
        {
            socket.Send(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        }
        catch (SocketException)
        {
            return ""; // Closed before the request was out.
        }

        return Shell.ReadToEnd(socket);
    }
}
