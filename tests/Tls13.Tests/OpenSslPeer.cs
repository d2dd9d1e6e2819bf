using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Identity;

namespace Mesh.Tls13.Tests;

/// <summary>The openssl program as the other end: s_server or s_client with certificates of a test authority.</summary>
internal sealed class OpenSslPeer : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mesh-openssl-").FullName;
    private readonly Process process;

    private OpenSslPeer(string arguments, TestPeers peers, Svid svid, TrustBundle? roots)
    {
        File.WriteAllText(Path.Combine(folder, "chain.pem"), svid.ChainPem());
        File.WriteAllText(Path.Combine(folder, "key.pem"),
            System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", svid.PrivateKey));
        File.WriteAllText(Path.Combine(folder, "roots.pem"), (roots ?? peers.Issuer.Roots).ToPem());
        process = Process.Start(new ProcessStartInfo("openssl", arguments + " -cert chain.pem -key key.pem -CAfile roots.pem")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    public StreamWriter Input => process.StandardInput;
    public StreamReader Output => process.StandardOutput;

    public static void SkipIfMissing()
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, "openssl")));
        if (!found) Assert.Skip("the openssl program is missing");
    }

    /// <summary>A server that is listening; it takes one connection after another.</summary>
    public static async Task<(OpenSslPeer Peer, Socket Connection)> ServerAsync(TestPeers peers, string options, TrustBundle? roots = null)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        using var svid = peers.Issue("openssl");
        var peer = new OpenSslPeer($"s_server -accept 127.0.0.1:{port} -alpn h2 -Verify 3 -verify_return_error {options}", peers, svid, roots);
        for (var i = 0; ; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return (peer, socket);
            }
            catch (SocketException) when (i < 200)
            {
                socket.Dispose();
                await Task.Delay(25);
            }
        }
    }

    /// <summary>A client that has connected to us.</summary>
    public static async Task<(OpenSslPeer Peer, Socket Connection)> ClientAsync(TestPeers peers, string options, TrustBundle? roots = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var svid = peers.Issue("openssl");
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var peer = new OpenSslPeer($"s_client -connect 127.0.0.1:{port} -noservername {options}", peers, svid, roots);
        return (peer, await listener.AcceptSocketAsync());
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
