using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mesh.Daemon.Admin;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Tests.Admin;

public sealed class AdminServerTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Log _log = new(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
    private readonly Metrics _metrics = new();
    private readonly Readiness _readiness = new();
    private AdminServer? _server;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(10));
        _log.Dispose();
        _stop.Dispose();
    }

    private HttpClient Start(AdminLimits? limits = null)
    {
        var pages = new AdminPages()
            .Metrics(_metrics, "/metrics")
            .Ready("/healthz/ready", _readiness, notReadyStatus: 500)
            .Get("/broken", _ => throw new InvalidOperationException("page"))
            .Get("/stuck", static (_, _) => new ValueTask<AdminResponse>(new TaskCompletionSource<AdminResponse>().Task))
            .Post("/echo", request => new AdminResponse(200, request.Query.GetValueOrDefault("type", "none"), request.Body));
        _server = new AdminServer(new IPEndPoint(IPAddress.Loopback, 0), pages, new AdminCounters(_metrics), _log.Scope("admin"), TimeProvider.System, limits);
        _running = _server.RunAsync(_stop.Token);
        return new HttpClient { BaseAddress = new Uri($"http://{_server.EndPoint}") };
    }

    private async Task<string> SendRawAsync(string bytes, bool close = false)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_server!.EndPoint);
        await socket.SendAsync(Encoding.Latin1.GetBytes(bytes));
        if (close) socket.Shutdown(SocketShutdown.Send);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        int count;
        while ((count = await socket.ReceiveAsync(buffer, deadline.Token)) > 0) text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return text.ToString();
    }

    private static async Task<string> CountsAsync(HttpClient client) => await client.GetStringAsync("/metrics");

    [Fact]
    public async Task Pages_are_served_on_one_connection_after_the_other()
    {
        using var client = Start();
        var ready = _readiness.Add("proxy");

        using var pending = await client.GetAsync("/healthz/ready");
        Assert.Equal(HttpStatusCode.InternalServerError, pending.StatusCode);
        Assert.Equal("not ready, pending: proxy\n", await pending.Content.ReadAsStringAsync());
        ready.Done();
        Assert.Equal("ready\n", await client.GetStringAsync("/healthz/ready"));
        using var echo = await client.PostAsync("/echo?type=text%2Fcsv", new ByteArrayContent([1, 2, 3]));
        Assert.Equal("text/csv", echo.Content.Headers.ContentType!.MediaType);
        Assert.Equal([1, 2, 3], await echo.Content.ReadAsByteArrayAsync());
        Assert.Contains("mesh_admin_requests_total 3\n", await CountsAsync(client), StringComparison.Ordinal);
    }

    private void FillMetrics(int series)
    {
        var family = _metrics.Counters("many", "Many.", ["peer", "more"]);
        for (var at = 0; at < series; at++) family.With($"peer-{at}", new string('x', 200)).Increment();
    }

    [Fact]
    public async Task A_long_metrics_page_is_sent_in_chunks_as_it_is_made()
    {
        FillMetrics(3000);
        using var client = Start();
        using var response = await client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Null(response.Content.Headers.ContentLength);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(3000, text.Split('\n').Count(static line => line.StartsWith("many_total{", StringComparison.Ordinal)));
        Assert.Equal("ready\n", await client.GetStringAsync("/healthz/ready")); // The connection goes on.
    }

    [Fact]
    public async Task Who_reads_no_chunks_gets_the_long_page_to_its_end()
    {
        FillMetrics(3000);
        using var client = Start();
        var answer = await SendRawAsync("GET /metrics HTTP/1.0\r\n\r\n");
        Assert.DoesNotContain("Transfer-Encoding", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(3000, answer.Split('\n').Count(static line => line.StartsWith("many_total{", StringComparison.Ordinal)));
        Assert.DoesNotContain("peer-1", await SendRawAsync("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_waits_for_ever_is_answered_at_its_deadline()
    {
        using var client = Start(new AdminLimits { ResponseTimeout = TimeSpan.FromMilliseconds(300) });
        using var answer = await client.GetAsync(new Uri("/stuck", UriKind.Relative)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the page took too long\n"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_scraper_that_does_not_read_keeps_no_other_from_the_page()
    {
        FillMetrics(9000);
        _metrics.Gauges("wide", "Wide.", ["x"]).With(new string('w', 16 * 1024 * 1024)); // More than the kernel holds for a reader.
        using var client = Start(new AdminLimits { ResponseTimeout = TimeSpan.FromMinutes(5) });
        using var slow = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await slow.ConnectAsync(_server!.EndPoint);
        await slow.SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await slow.ReceiveAsync(new byte[1]); // Its page is on its way.
        Assert.Contains("many_total{", await CountsAsync(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3000)]
    public async Task The_metrics_page_is_packed_for_who_can_unpack_it(int series)
    {
        FillMetrics(series);
        using var client = Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var response = await client.SendAsync(request);
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        using var unpacked = new StreamReader(new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
        Assert.Equal(series, (await unpacked.ReadToEndAsync()).Split('\n').Count(static line => line.StartsWith("many_total{", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("deflate, GZIP;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip; q=0.000", false)]
    [InlineData("identity", false)]
    [InlineData(null, false)]
    public void Packing_is_agreed_on_by_the_header(string? header, bool isPacked) => Assert.Equal(isPacked, MetricsPage.TakesGzip(header));

    [Fact]
    public async Task A_page_that_fails_half_way_does_not_look_whole()
    {
        FillMetrics(3000);
        _metrics.ObserveGauge("broken", "Broken.", static () => throw new InvalidOperationException("gauge"));
        using var client = Start();
        using var response = await client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task OpenMetrics_is_served_to_who_asks_for_it()
    {
        using var client = Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
        using var response = await client.SendAsync(request);
        Assert.Equal("application/openmetrics-text", response.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith("# EOF\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("DELETE /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405)]
    [InlineData("GET /broken HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 500)]
    [InlineData("GET /metrics HTTP/1.0\r\n\r\n", 200)]
    [InlineData("GET http://any/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\nHost: x\r\n\r\n", 400)]
    [InlineData("G\0T /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400)]
    [InlineData("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413)]
    [InlineData("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n", 400)]
    public async Task Every_kind_of_request_gets_its_status_and_then_the_connection_closes(string request, int status)
    {
        using var client = Start();
        Assert.StartsWith($"HTTP/1.1 {status} ", await SendRawAsync(request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_without_end_is_cut_at_its_limit_and_counted()
    {
        using var client = Start(new AdminLimits { HeadBytes = 2048 });
        Assert.StartsWith("HTTP/1.1 431 ", await SendRawAsync("GET / HTTP/1.1\r\nX: " + new string('a', 2048)), StringComparison.Ordinal);
        Assert.Contains("mesh_admin_rejected_total{reason=\"head_too_large\"} 1\n", await CountsAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_truncation_of_a_request_is_survived()
    {
        using var client = Start();
        const string Request = "POST /echo?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
        for (var length = 0; length < Request.Length; length++) Assert.Equal("", await SendRawAsync(Request[..length], close: true));
        Assert.Contains($"reason=\"truncated\"}} {Request.Length - 1}\n", await CountsAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seeded_garbage_neither_hangs_nor_kills_the_server()
    {
        using var client = Start();
        var random = new Random(20261121);
        var garbage = new byte[300];
        for (var at = 0; at < 200; at++)
        {
            random.NextBytes(garbage);
            await SendRawAsync(Encoding.Latin1.GetString(garbage, 0, random.Next(garbage.Length)) + (at % 2 == 0 ? "\r\n\r\n" : ""), close: true);
        }
        Assert.Contains("mesh_admin_rejected_total", await CountsAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_dribbles_is_cut_at_the_deadline_of_the_request()
    {
        using var client = Start(new AdminLimits { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal("", await SendRawAsync("GET / HT"));
        Assert.Contains("reason=\"timeout\"} 1\n", await CountsAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_all_places_are_taken_whoever_was_silent_longest_gives_way()
    {
        using var client = Start(new AdminLimits { ConnectionsMax = 3 });
        var silent = new List<Socket>();
        for (var i = 0; i < 3; i++)
        {
            silent.Add(new Socket(SocketType.Stream, ProtocolType.Tcp));
            await silent[i].ConnectAsync(_server!.EndPoint);
            await Task.Delay(20);
        }

        Assert.Contains("reason=\"too_many_connections\"} 1\n", await CountsAsync(client), StringComparison.Ordinal);
        var ended = await Record.ExceptionAsync(() => silent[0].ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(ended is null or SocketException, ended?.ToString()); // Closed in order or by a reset.
        await silent[2].SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, await silent[2].ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(20)));
        foreach (var socket in silent) socket.Dispose();
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        using var client = Start();
        var replies = await SendRawAsync(
            "POST /echo?type=one HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
            + "POST /echo?type=two HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2");
        Assert.True(replies.IndexOf("type: one", StringComparison.OrdinalIgnoreCase) < replies.IndexOf("type: two", StringComparison.OrdinalIgnoreCase));
        Assert.EndsWith("2", replies, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_unix_socket_works_as_well()
    {
        var path = Path.Combine(Path.GetTempPath(), $"admin-{Environment.ProcessId}.sock");
        File.Delete(path);
        var pages = new AdminPages().Get("/x", _ => AdminResponse.Text("hello"));
        using var server = new AdminServer(new UnixDomainSocketEndPoint(path), pages, new AdminCounters(_metrics), _log.Scope("a"), TimeProvider.System);
        var running = server.RunAsync(_stop.Token);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await socket.SendAsync("GET /x HTTP/1.0\r\n\r\n"u8.ToArray());
        var reply = await new StreamReader(new NetworkStream(socket)).ReadToEndAsync();
        Assert.EndsWith("hello", reply, StringComparison.Ordinal);
        await _stop.CancelAsync();
        await running;
        File.Delete(path);
    }
}
