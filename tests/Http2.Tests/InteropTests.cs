using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Mesh.Http2.Tests;

/// <summary>Against nghttp2's programs over loopback, in clear text with prior knowledge.</summary>
[Trait("Category", "Interop")]
public sealed class InteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Our_client_fetches_a_file_larger_than_its_windows_from_nghttpd()
    {
        var tool = Find("nghttpd");
        var folder = Directory.CreateTempSubdirectory("mesh-http2-");
        var content = new byte[3_000_000];
        new Random(5).NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "file"), content);
        var port = FreePort();
        using var server = Start(tool, ["--no-tls", "--trailer", "x-sum: 42", "-d", folder.FullName, port.ToString()]);
        try
        {
            using var cancel = new CancellationTokenSource(Patience);
            var options = new Http2Options { StreamWindowBytes = 100_000, ConnectionWindowBytes = 150_000 };
            using var pump = new SocketPump(Http2Role.Client, await ConnectAsync(port, cancel.Token), options);
            pump.Seen.DataSeen = (id, n) => pump.Engine.Consumed(id, n);
            for (var request = 0; request < 3; request++)
            {
                var stream = Get(pump.Engine, "/file");
                while (!pump.Seen.Ended.Contains(stream)) Assert.True(await pump.StepAsync(cancel.Token), pump.Engine.Fault.Text);
                Assert.Equal(content, pump.Seen.DataOf(stream));
                Assert.Contains($"trailers {stream} x-sum=42;", pump.Seen.Lines);
            }

            pump.Engine.Ping(77);
            while (!pump.Seen.Lines.Contains("pong 77")) Assert.True(await pump.StepAsync(cancel.Token), pump.Engine.Fault.Text);
            Assert.True(pump.Engine.Counters.WindowUpdatesSent > 100);

            // nghttpd answers a broken frame with GOAWAY.
            pump.Engine.GoAway(ErrorCode.NoError, "done");
            await pump.FlushAsync(cancel.Token);
        }
        finally
        {
            server.Kill();
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Nghttp_gets_answers_from_our_server_and_takes_our_goaway()
    {
        var tool = Find("nghttp");
        var answer = new byte[1_000_000];
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        // A small window of the peer makes us wait for its updates.
        using var client = Start(tool, ["-nv", "-w", "14", "-W", "15", url, url + "2", url + "3"]);
        using var cancel = new CancellationTokenSource(Patience);
        using var pump = new SocketPump(Http2Role.Server, await listener.AcceptSocketAsync(cancel.Token));
        var reading = client.StandardOutput.ReadToEndAsync(cancel.Token);
        await ServeAsync(pump, answer, requests: 3, cancel.Token);
        await client.WaitForExitAsync(cancel.Token);
        var output = await reading;

        Assert.Equal(0, client.ExitCode);
        Assert.Equal(3, Count(output, ":status: 200"));
        Assert.Equal(3_000_000, pump.Engine.Counters.DataBytesSent);
        Assert.DoesNotContain("PROTOCOL_ERROR", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task H2load_drives_thousands_of_streams_through_our_server()
    {
        var tool = Find("h2load");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        using var client = Start(tool, ["-n", "5000", "-c", "1", "-m", "50", url]);
        using var cancel = new CancellationTokenSource(Patience);
        using var pump = new SocketPump(Http2Role.Server, await listener.AcceptSocketAsync(cancel.Token));
        var reading = client.StandardOutput.ReadToEndAsync(cancel.Token);
        await ServeAsync(pump, new byte[100], requests: 5000, cancel.Token);
        await client.WaitForExitAsync(cancel.Token);
        var output = await reading;
        Assert.Contains("5000 succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
        Assert.Equal(5000, pump.Engine.Counters.StreamsAccepted);
    }

    // One body per request, as far as windows allow, until the peer has gone.
    private static async Task ServeAsync(SocketPump pump, byte[] body, int requests, CancellationToken stop)
    {
        var left = new Dictionary<int, int>();
        var served = 0;
        var alive = true;
        while (alive)
        {
            foreach (var id in pump.Seen.Requests)
            {
                var builder = new HeaderBuilder(new byte[200]);
                builder.Add("content-type"u8, "application/octet-stream"u8, HeaderIndexing.Remember);
                Assert.True(pump.Engine.Respond(id, 200, builder.Fields, endStream: false));
                left[id] = body.Length;
            }

            pump.Seen.Requests.Clear();
            foreach (var id in left.Keys.ToArray())
            {
                while (left[id] > 0 && await pump.SendAsync(id, body.AsMemory(body.Length - left[id]), end: true, stop) is var sent and > 0) left[id] -= sent;
                if (left[id] == 0 && left.Remove(id)) served++;
            }

            if (served == requests) pump.Engine.Drain();
            await pump.FlushAsync(stop);
            alive = await pump.StepAsync(stop);
        }

        Assert.Equal(requests, served);
    }

    private static int Get(Http2Engine engine, string path)
    {
        var builder = new HeaderBuilder(new byte[500]);
        builder.Add(":method"u8, "GET"u8);
        builder.Add(":scheme"u8, "http"u8);
        builder.Add(":path"u8, System.Text.Encoding.ASCII.GetBytes(path), HeaderIndexing.Remember);
        builder.Add(":authority"u8, "localhost"u8, HeaderIndexing.Remember);
        builder.Add("authorization"u8, "secret"u8, HeaderIndexing.Never);
        Assert.Equal(OpenOutcome.Opened, engine.OpenStream(builder.Fields, endStream: true, out var stream));
        return stream;
    }

    private static async Task<Socket> ConnectAsync(int port, CancellationToken stop)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, stop);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose(); // Not listening yet.
                await Task.Delay(50, stop);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Find(string tool)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, $"{tool} is missing (Debian packages nghttp2-client and nghttp2-server).");
        return found!;
    }

    private static int Count(string text, string wanted) => text.Split(wanted).Length - 1;

    private static Process Start(string tool, string[] arguments) => Process.Start(
        new ProcessStartInfo(tool, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
}
