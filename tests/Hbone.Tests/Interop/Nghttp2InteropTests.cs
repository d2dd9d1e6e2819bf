using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Identity;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tests;

/// <summary>nghttp2's programs at both ends of our TLS.</summary>
[Trait("Category", "Interop")]
public sealed class Nghttp2InteropTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string folder = Directory.CreateTempSubdirectory("mesh-nghttp2-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Nghttp_speaks_with_our_server_over_our_tls()
    {
        await using var mesh = await TestMesh.StartAsync();
        WriteCertificate(mesh.Pki, "nghttp");
        await File.WriteAllBytesAsync(Path.Combine(folder, "body"), new byte[2_000_000]);
        // Requests that are no CONNECT are answered, and an upload is stopped, on a connection that stays in order.
        var url = $"https://127.0.0.1:{mesh.ServerAddress.Port}/";
        using var client = Start("nghttp", "-nv", "--cert", "chain.pem", "--key", "key.pem", "-m", "5", url);
        var said = await client.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        Assert.Equal(5, said.Split(":status: 400").Length - 1);
        Assert.DoesNotContain("PROTOCOL_ERROR", said, StringComparison.Ordinal);
        Assert.Contains("recv SETTINGS", said, StringComparison.Ordinal);
        Assert.Equal(TunnelEndReason.Closed, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);

        using var upload = Start("nghttp", "-nv", "--cert", "chain.pem", "--key", "key.pem", "-d", "body", "--trailer", "x-sum: 1", url);
        said = await upload.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        Assert.Contains(":status: 400", said, StringComparison.Ordinal);
        Assert.DoesNotContain("PROTOCOL_ERROR", said, StringComparison.Ordinal);
        Assert.DoesNotContain("FLOW_CONTROL_ERROR", said, StringComparison.Ordinal);
        Assert.Equal(TunnelEndReason.Closed, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task Our_client_reaches_nghttpd_over_tls_and_tells_its_answer()
    {
        await using var mesh = await TestMesh.StartAsync();
        WriteCertificate(mesh.Pki, "server");
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = (ushort)((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        using var server = Start("nghttpd", "-V", "-a", "127.0.0.1", port.ToString(System.Globalization.CultureInfo.InvariantCulture), "key.pem", "chain.pem");
        try
        {
            for (var i = 0; i < 200 && !await AcceptsAsync(port); i++) await Task.Delay(25);
            mesh.ServerAddress = InetEndpoint.LoopbackV4(port);
            using var client = await mesh.DialAsync();
            client.Shutdown(SocketShutdown.Send); // It answers complete requests only.
            var result = await TunnelRelayTests.Next(mesh.ClientResults);
            Assert.Equal(RelayEnd.Rejected, result.End); // It serves files and opens no tunnels.
            Assert.InRange(result.Status, 400, 599);
        }
        finally
        {
            server.Kill();
        }
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void WriteCertificate(TestPki pki, string account)
    {
        var svid = pki.Issue(account).Svid;
        File.WriteAllText(Path.Combine(folder, "chain.pem"), svid.ChainPem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", svid.PrivateKey));
    }

    private Process Start(string tool, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(tool, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{tool} is missing (nghttp2-client, nghttp2-server)");
            throw;
        }
    }
}
