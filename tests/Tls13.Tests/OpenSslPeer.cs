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

    private OpenSslPeer(string arguments, TestPeers peers, TrustBundle? roots, bool isRsa)
    {
        var (chain, key) = isRsa ? peers.IssueRsa("openssl") : Ordinary(peers);
        File.WriteAllText(Path.Combine(folder, "chain.pem"), chain);
        File.WriteAllText(Path.Combine(folder, "key.pem"), key);
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
    public StreamReader Errors => process.StandardError;

    public static void SkipIfMissing()
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, "openssl")));
        if (!found) Assert.Skip("the openssl program is missing");
    }

    /// <summary>A server that is listening; it takes one connection after another.</summary>
    public static async Task<(OpenSslPeer Peer, Socket Connection)> ServerAsync(TestPeers peers, string options, TrustBundle? roots = null, bool isRsa = false)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var peer = new OpenSslPeer($"s_server -accept 127.0.0.1:{port} -alpn h2 -Verify 3 -verify_return_error {options}", peers, roots, isRsa);
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
    public static async Task<(OpenSslPeer Peer, Socket Connection)> ClientAsync(TestPeers peers, string options, TrustBundle? roots = null, bool isRsa = false)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var peer = new OpenSslPeer($"s_client -connect 127.0.0.1:{port} -noservername {options}", peers, roots, isRsa);
        return (peer, await listener.AcceptSocketAsync());
    }

    /// <summary>A session of another server of the same mesh, with a ticket that allows early data.</summary>
    public static async Task<string> SessionAsync(TestPeers peers)
    {
        var (server, connection) = await ServerAsync(peers, "-early_data -max_early_data 16384");
        using var _ = server;
        var port = ((IPEndPoint)connection.RemoteEndPoint!).Port;
        connection.Dispose(); // The server goes on with the next one.
        using var client = new OpenSslPeer($"s_client -connect 127.0.0.1:{port} -alpn h2 -sess_out session.pem", peers, null, isRsa: false);
        var file = Path.Combine(client.folder, "session.pem");
        for (var i = 0; i < 200 && !(File.Exists(file) && new FileInfo(file).Length > 0); i++) await Task.Delay(25);
        return await File.ReadAllTextAsync(file);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static (string Chain, string Key) Ordinary(TestPeers peers)
    {
        using var svid = peers.Issue("openssl");
        return (svid.ChainPem(), System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", svid.PrivateKey));
    }
}
