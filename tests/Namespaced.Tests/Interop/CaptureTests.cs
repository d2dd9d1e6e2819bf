using System.Diagnostics;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Interop;

/// <summary>Wireshark's dissectors as judges: with the key log they see through our TLS into our HTTP/2, and find nothing wrong.</summary>
[Trait("Category", "Interop")]
[Collection(Alone.Name)]
public sealed class CaptureTests : IAsyncLifetime
{
    private readonly Site site = new() { LogsKeys = true };

    public ValueTask InitializeAsync() => site.InitializeAsync();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    [Fact]
    public async Task Tshark_decodes_every_packet_between_two_proxies()
    {
        site.SkipIfImpossible();
        if (!Shell.Has("tshark") || !Shell.Has("tcpdump")) Assert.Skip("needs tshark and tcpdump");
        var capture = Path.Combine(site.Folder, "capture.pcap");
        using var application = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed: 1);
        using var dump = site.Server.StartInside(["tcpdump", "-i", "veth0", "-s", "0", "-B", "65536", "-U", "-w", capture, "tcp", "port", "15008"]);
        Shell.WaitFor("tcpdump", () => File.Exists(capture));
        await Task.Delay(500, CancellationToken.None);
        await TalkAsync();
        Shell.WaitFor("the end of the tunnels", () => site.Client.Tunnels() == 0); // Their close_notify is in the capture as well.
        Shell.Run($"kill -INT {dump.Id}");
        await dump.WaitForExitAsync(CancellationToken.None);

        var packets = await TsharkAsync(capture, "frame.protocols", "http2.type", "http2.headers.authority", "tls.alert_message.desc");
        var malformed = await TsharkAsync(capture, "frame.number", "_ws.expert.message", "-Y", "_ws.malformed || _ws.expert.severity == error");
        var types = packets.Where(static p => p.Length > 1).SelectMany(static p => p[1].Split(',')).Where(static t => t.Length > 0).GroupBy(static t => t).ToDictionary(static g => g.Key, static g => g.Count());
        Console.WriteLine($"tshark: {packets.Count} packets; HTTP/2 frames by type {string.Join(", ", types.OrderBy(static t => t.Key).Select(static t => $"{t.Key}: {t.Value}"))}");
        Assert.Empty(malformed.Select(static m => string.Join(' ', m)));
        foreach (var (name, type) in new[] { ("DATA", "0"), ("HEADERS", "1"), ("SETTINGS", "4"), ("WINDOW_UPDATE", "8") }) Assert.True(types.ContainsKey(type), $"no {name} frame was decoded");
        Assert.Contains(packets, static p => p.Length > 2 && p[2].Contains($"{Site.ServerIp}:{Ports.Calm}", StringComparison.Ordinal));
        Assert.All(packets.Where(static p => p.Length > 3 && p[3].Length > 0), static p => Assert.Equal("0", p[3])); // close_notify, and no other alert.
    }

    /// <summary>Something of each kind: small, bulk both ways, both orders of ending, an early end by the client.</summary>
    private async Task TalkAsync()
    {
        var traffic = new Traffic(site.Client, seed: 5, bulkBytesMax: 2 << 20);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => traffic.CalmAsync(i, stop.Token)));
        Assert.Empty(traffic.Problems);
        Assert.True(traffic.Exchanges > 10);
    }

    private async Task<List<string[]>> TsharkAsync(string capture, params string[] fieldsAndFilter)
    {
        var keys = Path.Combine(site.Folder, "keys");
        await File.WriteAllTextAsync(keys, string.Concat(Directory.GetFiles(site.Folder, "keys-*").Select(File.ReadAllText)));
        if (new FileInfo(keys).Length == 0) Assert.Fail("SSLKEYLOGFILE was set, and no proxy wrote a secret");
        var filter = Array.IndexOf(fieldsAndFilter, "-Y") is >= 0 and var at ? at : fieldsAndFilter.Length;
        string[] arguments =
        [
            "-r", capture, "-o", $"tls.keylog_file:{keys}", "-d", "tcp.port==15008,tls", "-T", "fields", "-E", "separator=\t",
            .. fieldsAndFilter[..filter].SelectMany(static field => (string[])["-e", field]), .. fieldsAndFilter[filter..],
        ];
        using var tshark = Process.Start(new ProcessStartInfo("tshark", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = tshark.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = await tshark.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await tshark.WaitForExitAsync(CancellationToken.None);
        Assert.True(tshark.ExitCode == 0, await errors);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t'))];
    }
}
