using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mesh.Identity;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>The real processes in real namespaces: what an operator would see.</summary>
[Trait("Category", "Kernel")]
public sealed class TwoNodesTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private static readonly int[] ListeningPorts = [15000, 15001, 15006, 15008, 15020, 15021];

    private static void SkipIfImpossible(TwoNodes nodes)
    {
        if (nodes.Missing is { } missing) Assert.Skip(missing);
    }

    /// <summary>Sends a request through the mesh and gives back what came; the server answers with the reversed bytes.</summary>
    private string Ask(int port, string request)
    {
        using var listener = nodes.Server.Listen(port);
        using var client = nodes.Client.Connect(nodes.Server.Address, port);
        client.Send(Encoding.ASCII.GetBytes(request));
        client.Shutdown(SocketShutdown.Send);
        // A crowded machine may take its time; only what is denied never comes.
        if (!listener.Poll(TimeSpan.FromSeconds(port == TwoNodes.OpenPort ? 20 : 2), SelectMode.SelectRead)) return Shell.ReadToEnd(client);
        using var server = listener.Accept();
        var heard = Shell.ReadToEnd(server);
        server.Send(Encoding.ASCII.GetBytes(new string([.. heard.Reverse()])));
        server.Shutdown(SocketShutdown.Send);
        return Shell.ReadToEnd(client);
    }

    [Fact]
    public void Bytes_arrive_both_ways_and_both_sides_log_and_count_the_identities()
    {
        SkipIfImpossible(nodes);
        Assert.Equal("olleh", Ask(TwoNodes.OpenPort, "hello"));
        var outbound = nodes.Client.WaitForLine("\tinfo\taccess\tconnection complete", "dst.hbone_addr=10.92.0.2:8080", "bytes_sent=5");
        Assert.Contains(
            "src.workload=\"client\" src.namespace=\"default\" src.identity=\"spiffe://cluster.local/ns/default/sa/client\" src.cluster=\"Kubernetes\""
            + " dst.addr=10.92.0.2:15008 dst.hbone_addr=10.92.0.2:8080 dst.workload=\"server\" dst.namespace=\"default\""
            + " dst.identity=\"spiffe://cluster.local/ns/default/sa/server\" dst.cluster=\"Kubernetes\" direction=\"outbound\" bytes_sent=5 bytes_recv=5 duration=\"",
            outbound);
        var inbound = nodes.Server.WaitForLine("\tinfo\taccess\tconnection complete", "direction=\"inbound\"", "bytes_recv=5");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/default/sa/client\"", inbound);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/default/sa/server\"", inbound);

        var metrics = nodes.Server.Http(15020, "GET /metrics");
        var closed = metrics.Split('\n').First(line => line.StartsWith("istio_tcp_connections_closed_total", StringComparison.Ordinal) && line.Contains("response_flags=\"-\"", StringComparison.Ordinal));
        Assert.Contains("reporter=\"destination\"", closed);
        Assert.Contains("source_principal=\"spiffe://cluster.local/ns/default/sa/client\"", closed);
        Assert.Contains("connection_security_policy=\"mutual_tls\"", closed);
        Assert.Contains("destination_workload=\"server\"", closed);
    }

    private static long Sum(string metrics, string family) => metrics.Split('\n')
        .Where(line => line.StartsWith($"istio_tcp_connections_{family}_total", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void A_denied_connection_is_closed_counted_and_logged_with_the_policy()
    {
        SkipIfImpossible(nodes);
        Assert.Equal("", Ask(TwoNodes.DeniedPort, "hello"));
        Assert.Contains("\terror\taccess\t", nodes.Server.WaitForLine("explicitly denied by: default/shut"));
        nodes.Client.WaitForLine("direction=\"outbound\"", "dst.hbone_addr=10.92.0.2:9090", "error=");
        var metrics = nodes.Server.Http(15020, "GET /metrics");
        Assert.All(["failed", "closed"], family => Assert.Contains(
            metrics.Split('\n'),
            line => line.StartsWith($"istio_tcp_connections_{family}_total", StringComparison.Ordinal) && line.Contains("response_flags=\"DENY\"", StringComparison.Ordinal)));
        Assert.Equal(Sum(metrics, "opened"), Sum(metrics, "closed"));
    }

    [Theory]
    [InlineData(SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls12, false)]
    public async Task Port_15008_speaks_TLS_1_3_only(SslProtocols version, bool works)
    {
        SkipIfImpossible(nodes);
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "default", "client"));
        var chain = nodes.Issuer.Issue(request.Pem, request.Id, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1)).ChainPem;
        using var svid = request.TryComplete(chain, out _)!;
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.PrivateKey, out _);
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        using var certificate = leaf.CopyWithPrivateKey(key);
        using var socket = nodes.Client.Connect(nodes.Server.Address, 15008);
        await using var tls = new SslStream(new NetworkStream(socket));
        var handshake = tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = version,
            ClientCertificates = [certificate],
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = static (_, presented, _, _) => presented is not null, // Only the version is asked about.
        });
        if (!works)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
            return;
        }

        await handshake;
        Assert.Equal((SslProtocols.Tls13, SslApplicationProtocol.Http2), (tls.SslProtocol, tls.NegotiatedApplicationProtocol));
    }

    [Fact]
    public void Garbage_on_any_listening_port_is_closed_and_does_no_harm()
    {
        SkipIfImpossible(nodes);
        var random = new Random(3);
        foreach (var port in ListeningPorts)
        {
            var garbage = new byte[4096];
            random.NextBytes(garbage);
            using var socket = port == 15000 ? nodes.Server.Connect("127.0.0.1", port) : nodes.Client.Connect(nodes.Server.Address, port);
            try
            {
                socket.Send(garbage);
                socket.Shutdown(SocketShutdown.Send);
                Shell.ReadToEnd(socket); // Ends: the other side closed.
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
            {
                // A reset is a way to close as well.
            }
        }

        nodes.Server.WaitForLine("connection failed", "dst.addr=10.92.0.2:15008", "direction=\"inbound\"");
        nodes.Server.WaitForLine("connection failed", "dst.addr=10.92.0.2:15006");
        nodes.Server.WaitForLine("connection failed", "dst.addr=10.92.0.2:15001");
        var metrics = nodes.Server.Http(15020, "GET /metrics");
        Assert.Contains("mesh_connections_refused_total{port=\"15008\",reason=\"handshake\"}", metrics);
        Assert.Contains("mesh_connections_refused_total{port=\"15006\",reason=\"SelfCall\"}", metrics);
        Assert.Equal("olleh", Ask(TwoNodes.OpenPort, "hello"));
    }

    [Fact]
    public void The_admin_pages_tell_the_mesh_the_certificates_and_the_log_level()
    {
        SkipIfImpossible(nodes);
        var dump = nodes.Server.Http(15000, "GET /config_dump");
        Assert.Contains("\"uid\": \"cluster1//v1/Pod/default/server\"", dump);
        Assert.Contains("\"identity\": \"spiffe://cluster.local/ns/default/sa/server\"", dump);
        Assert.Contains("\"state\": \"Available\"", dump);
        Assert.Contains("current log level is", nodes.Server.Http(15000, "POST /logging"));
        Assert.Contains(" 400 ", nodes.Server.Http(15000, "POST /logging?level=loud=er="));
        Assert.Contains("connections", nodes.Server.Http(15000, "GET /connections"));
    }
}
