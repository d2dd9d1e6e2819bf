using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Budgets;

/// <summary>How often each proxy asks the kernel for something, by strace's account. What is printed stands in src/Ztunnel/ARCHITECTURE.md.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class SystemCallTests(Site site) : IClassFixture<Site>
{
    private const int BulkBytes = 64 << 20;
    private const int Requests = 3000;

    [Fact]
    public async Task Bulk_takes_few_calls_per_256_KiB()
    {
        SkipIfImpossible();
        using var application = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed: 1);
        using var socket = await ConnectAsync();
        await ExchangeAsync(socket, 1, BulkBytes, 10); // Windows and code are warm.
        const double Units = BulkBytes / (256.0 * 1024);
        await MeasureAsync("bulk, per 256 KiB from the client", Units, callsMax: 8, () => ExchangeAsync(socket, 3, BulkBytes, 10));
        await MeasureAsync("bulk, per 256 KiB from the server", Units, callsMax: 8, () => ExchangeAsync(socket, 5, 10, BulkBytes));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(32, 5)]
    public async Task A_small_request_takes_few_calls(int connections, double callsMax)
    {
        SkipIfImpossible();
        using var application = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed: 1);
        var sockets = new List<Socket>();
        for (var i = 0; i < connections; i++) sockets.Add(await ConnectAsync());
        Task AllAsync() => Task.WhenAll(sockets.Select(async socket =>
        {
            for (var i = 0; i < Requests / connections; i++) await ExchangeAsync(socket, (uint)(1 + (2 * i)), 100, 1000);
        }));
        await AllAsync();
        await MeasureAsync($"small request and answer, {connections} connections", Requests / connections * connections, callsMax, AllAsync);
        foreach (var socket in sockets) socket.Dispose();
    }

    [Fact]
    public async Task A_new_connection_takes_few_calls()
    {
        SkipIfImpossible();
        using var application = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed: 1);
        const int Connections = 500;
        async Task AllAsync()
        {
            for (var i = 0; i < Connections; i++)
            {
                using var socket = await ConnectAsync();
                await ExchangeAsync(socket, 7, 1, 1);
            }
        }

        await AllAsync();
        await MeasureAsync("new connection with one byte each way", Connections, callsMax: 30, AllAsync);
    }

    private void SkipIfImpossible()
    {
        site.SkipIfImpossible();
        if (!Shell.Has("strace")) Assert.Skip("needs strace");
    }

    private async Task MeasureAsync(string what, double units, double callsMax, Func<Task> work)
    {
        var counts = new List<(string Who, Process Counter, string File)>();
        foreach (var (who, node) in new[] { ("client", site.Client), ("server", site.Server) })
        {
            var file = Path.Combine(site.Folder, "calls-" + who);
            var counter = Process.Start(new ProcessStartInfo("strace", ["-c", "-f", "-U", "calls,name", "-o", file, "-p", $"{node.ProcessId}"]) { RedirectStandardError = true, UseShellExecute = false })!;
            _ = counter.StandardError.ReadToEndAsync(CancellationToken.None);
            counts.Add((who, counter, file));
        }

        foreach (var node in (ProxyNode[])[site.Client, site.Server]) Shell.WaitFor("strace at every thread", () => IsTraced(node.ProcessId));
        await work();
        foreach (var (who, counter, file) in counts)
        {
            Shell.Run($"kill -INT {counter.Id}");
            await counter.WaitForExitAsync(CancellationToken.None);
            counter.Dispose();
            var rows = File.ReadLines(file).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(static cells => cells.Length == 2 && long.TryParse(cells[0], CultureInfo.InvariantCulture, out _) && cells[1] != "total")
                .Select(cells => (Name: cells[1], Each: long.Parse(cells[0], CultureInfo.InvariantCulture) / units)).OrderByDescending(static row => row.Each).ToList();
            var total = rows.Sum(static row => row.Each);
            Console.WriteLine($"calls: {what}, {who}'s proxy: {total:0.00} = {string.Join(" + ", rows.Where(static row => row.Each >= 0.05).Select(static row => $"{row.Each:0.00} {row.Name}"))}");
            Assert.NotEmpty(rows);
            Assert.True(total <= callsMax, $"{total:0.00} calls, more than {callsMax}");
        }
    }

    private static bool IsTraced(int process) => Directory.GetDirectories($"/proc/{process}/task").All(static task =>
        !File.ReadLines(Path.Combine(task, "status")).First(static line => line.StartsWith("TracerPid:", StringComparison.Ordinal)).EndsWith("\t0", StringComparison.Ordinal));

    private async Task<Socket> ConnectAsync()
    {
        var socket = site.Client.Sockets(1)[0];
        await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), Ports.Calm).WaitAsync(Wire.Patience);
        return socket;
    }

    private static async Task ExchangeAsync(Socket socket, uint seed, int request, int answer)
    {
        var message = new byte[Command.Size + Math.Min(request, 1000)];
        new Command(CommandKind.Exchange, seed, request, answer).Write(message);
        if (request <= 1000)
        {
            Pattern.Fill(message.AsSpan(Command.Size), seed, 0);
            await Wire.SendAsync(socket, message);
        }
        else
        {
            await Wire.SendAsync(socket, message.AsMemory(0, Command.Size));
            await Wire.SendPatternAsync(socket, seed, request);
        }

        await Wire.ReadPatternAsync(socket, seed + 1, answer);
    }
}
