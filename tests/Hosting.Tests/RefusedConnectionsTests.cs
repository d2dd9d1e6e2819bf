using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Mesh.Hosting.Tests;

/// <summary>What an operator sees of peers that send nonsense to a hosted program: a count, one line, and a program that goes on.</summary>
public sealed class RefusedConnectionsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly MeshHostOptions _options = new() { Program = "test", Meters = [], OperationsPorts = [0], Address = IPAddress.Loopback };
    private readonly Sink _lines = new();
    private readonly X509Certificate2 _certificate = SelfSigned();
    private Log _log = null!;
    private Telemetry _telemetry = null!;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    private int PlainPort => _app.Urls.Select(url => new Uri(url)).Single(url => url.Scheme == "http").Port;
    private int TlsPort => _app.Urls.Select(url => new Uri(url)).Single(url => url.Scheme == "https").Port;

    public async ValueTask InitializeAsync()
    {
        _log = new Log(_lines, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        _telemetry = new Telemetry(_options);
        var builder = MeshHost.CreateBuilder(_options, _log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(_certificate);
        }));
        _app = builder.Build();
        _app.UseOperationsPages(_options, new Readiness(), _telemetry, _log);
        _app.Run(context => context.Response.WriteAsync("secure"));
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{PlainPort}") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        _telemetry.Dispose();
        _log.Dispose();
        _certificate.Dispose();
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff\u0001")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnoise")]
    [InlineData("\u0000\u0001\u0002 what is this\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nno colon here\r\n\r\n")]
    public async Task Garbage_on_a_plain_port_is_closed_counted_and_logged_once(string garbage)
    {
        for (var i = 0; i < 3; i++) await ThrowAsync(PlainPort, Encoding.Latin1.GetBytes(garbage));

        Assert.Equal(3, await RefusedAsync(PlainPort, 3));
        Assert.Equal(1, await WarningsAsync());
        Assert.Equal("ok\n", await _client.GetStringAsync("/healthz"));
    }

    [Fact]
    public async Task Garbage_instead_of_a_handshake_is_counted_and_logged_once()
    {
        for (var i = 0; i < 3; i++) await ThrowAsync(TlsPort, "GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        Assert.Equal(3, await RefusedAsync(TlsPort, 3));
        Assert.Equal(1, await WarningsAsync());
    }

    [Fact]
    [Trait("Category", "Interop")]
    public async Task A_client_that_refuses_our_certificate_is_counted_and_logged_once()
    {
        for (var i = 0; i < 3; i++)
        {
            // OpenSSL says so with an alert before the handshake ends; it trusts nobody here.
            using var client = Process.Start(new ProcessStartInfo(
                "openssl", ["s_client", "-connect", $"127.0.0.1:{TlsPort}", "-alpn", "h2", "-verify_return_error", "-no-CAfile", "-no-CApath", "-no-CAstore"])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            client.StandardInput.Close();
            await client.WaitForExitAsync().WaitAsync(Patience);
            Assert.NotEqual(0, client.ExitCode);
        }

        Assert.Equal(3, await RefusedAsync(TlsPort, 3));
        Assert.Equal(1, await WarningsAsync());
    }

    [Fact]
    public async Task Noise_inside_a_good_handshake_is_counted_and_logged_once()
    {
        for (var i = 0; i < 3; i++)
        {
            using var socket = await ConnectAsync(TlsPort);
            await using var tls = new SslStream(new NetworkStream(socket));
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "mesh.test",
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.Equals(_certificate),
            });
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: here\r\n\r\n"u8.ToArray());
            await DrainAsync(tls);
        }

        Assert.Equal(3, await RefusedAsync(TlsPort, 3));
        Assert.Equal(1, await WarningsAsync());
    }

    [Fact]
    public async Task Peers_that_behave_are_neither_counted_nor_logged()
    {
        for (var i = 0; i < 3; i++)
        {
            using var client = new HttpClient { BaseAddress = _client.BaseAddress };
            Assert.Equal("ok\n", await client.GetStringAsync("/healthz"));
        }
        using (await ConnectAsync(PlainPort)) { } // A probe that only connects.

        Assert.DoesNotContain("mesh_connections_refused_total", await _client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(0, await WarningsAsync());
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private static async Task ThrowAsync(int port, byte[] garbage)
    {
        using var socket = await ConnectAsync(port);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(garbage);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It is closed already, which is what we wait for.
        }
        await DrainAsync(stream);
    }

    /// <summary>Reads until the other side has closed, in whichever way.</summary>
    private static async Task DrainAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) > 0) { }
        }
        catch (IOException)
        {
            // A reset closes as well.
        }
    }

    private async Task<long> RefusedAsync(int port, long atLeast)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var count = (await _client.GetStringAsync("/metrics", limit.Token)).Split('\n')
                .Where(line => line.StartsWith("mesh_connections_refused_total{", StringComparison.Ordinal) && line.Contains($"port=\"{port}\"", StringComparison.Ordinal))
                .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
            if (count >= atLeast) return count;
            await Task.Delay(20, limit.Token);
        }
    }

    private async Task<int> WarningsAsync()
    {
        // Lines come out in their order: what was said before the marker is there when the marker is.
        using var limit = new CancellationTokenSource(Patience);
        _log.CreateLogger("test").LogInformation("the marker");
        while (!_lines.Text().Contains("the marker", StringComparison.Ordinal)) await Task.Delay(20, limit.Token);
        return _lines.Text().Split("Refused").Length - 1;
    }

    /// <summary>What the log's thread wrote, for the test's thread to read.</summary>
    private sealed class Sink : MemoryStream
    {
        private readonly Lock _gate = new();

        public override void Write(byte[] buffer, int offset, int count)
        {
            lock (_gate) base.Write(buffer, offset, count);
        }

        public string Text()
        {
            lock (_gate) return Encoding.UTF8.GetString(ToArray());
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mesh.test", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }
}
