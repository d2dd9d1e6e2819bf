using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Interop;

/// <summary>Other people's programs at the real ports.</summary>
[Trait("Category", "Interop")]
[Collection(Alone.Name)]
public sealed class ForeignClientTests(Site site) : IClassFixture<Site>
{
    private const string Python = "/usr/bin/python3"; // Packages of the distribution are seen by its own interpreter only.

    [Fact]
    public async Task A_foreign_http2_stack_opens_a_tunnel_through_port_15008()
    {
        SkipWithoutPython();
        using var listener = site.Server.Listen(Site.ServerIp, 8088);
        var echo = EchoOnceAsync(listener);
        using var peer = Peer("client", Site.ServerIp, "15008", $"{Site.ServerIp}:8088", "5000000");
        var told = await peer.StandardOutput.ReadToEndAsync(CancellationToken.None).WaitAsync(Wire.Patience);
        var lines = told.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("status 200", lines);
        Assert.Equal(lines.Single(static l => l.StartsWith("sent ", StringComparison.Ordinal))[5..], lines.Single(static l => l.StartsWith("sha256 ", StringComparison.Ordinal))[7..]);
        await echo;
        site.Server.WaitForLine("connection complete", "src.identity=\"spiffe://cluster.local/ns/default/sa/foreign\"", "bytes_recv=5000000");
    }

    [Fact]
    public async Task A_foreign_http2_stack_is_told_503_when_nobody_listens()
    {
        SkipWithoutPython();
        using var peer = Peer("client", Site.ServerIp, "15008", $"{Site.ServerIp}:8099", "10");
        Assert.Contains("status 503", await peer.StandardOutput.ReadToEndAsync(CancellationToken.None).WaitAsync(Wire.Patience));
    }

    [Fact]
    public async Task H2load_and_nghttpd_notice_no_mesh_between_them()
    {
        site.SkipIfImpossible();
        if (!Shell.Has("h2load") || !Shell.Has("nghttpd")) Assert.Skip("needs nghttp2-client and nghttp2-server");
        var file = RandomNumberGenerator.GetBytes(100_000);
        await File.WriteAllBytesAsync(Path.Combine(site.Folder, "file"), file);
        using var server = site.Server.StartInside(["nghttpd", "--no-tls", "-d", site.Folder, "-a", Site.ServerIp, "8089"]);
        try
        {
            Shell.WaitFor("nghttpd", () => Accepts(8089));
            using var load = site.Client.StartInside(["h2load", "-n", "4000", "-c", "20", "-m", "10", $"http://{Site.ServerIp}:8089/file"]);
            var told = await load.StandardOutput.ReadToEndAsync(CancellationToken.None).WaitAsync(Wire.Patience);
            Assert.Contains("4000 succeeded, 0 failed, 0 errored, 0 timeout", told);
        }
        finally
        {
            server.Kill();
        }
    }

    private bool Accepts(int port)
    {
        try
        {
            using var socket = site.Server.Connect(Site.ServerIp, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void SkipWithoutPython()
    {
        site.SkipIfImpossible();
        if (!File.Exists(Python)) Assert.Skip("needs python3");
        using var probe = Process.Start(new ProcessStartInfo(Python, ["-c", "import h2"]) { RedirectStandardError = true, UseShellExecute = false })!;
        probe.WaitForExit();
        if (probe.ExitCode != 0) Assert.Skip("needs Python's h2 (python3-h2)");
    }

    private Process Peer(params string[] arguments)
    {
        var folder = Directory.CreateDirectory(Path.Combine(site.Folder, "foreign")).FullName;
        using var svid = site.Issue("foreign");
        File.WriteAllText(Path.Combine(folder, "chain.pem"), svid.ChainPem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), PemEncoding.WriteString("PRIVATE KEY", svid.PrivateKey));
        File.WriteAllText(Path.Combine(folder, "roots.pem"), site.Issuer.Roots.ToPem());
        return site.Client.StartInside([Python, Path.Combine(AppContext.BaseDirectory, "h2_peer.py"), .. arguments], folder: folder);
    }

    private static async Task EchoOnceAsync(Socket listener)
    {
        using var socket = await listener.AcceptAsync().WaitAsync(Wire.Patience);
        var buffer = new byte[64 * 1024];
        while (await Wire.ReceiveAsync(socket, buffer) is > 0 and var read) await Wire.SendAsync(socket, buffer.AsMemory(0, read));
        socket.Shutdown(SocketShutdown.Send);
    }
}
