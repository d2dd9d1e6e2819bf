using System.Diagnostics;
using System.Globalization;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>
/// Two real proxies under everything at once, for SOAK_SECONDS (20 by default; `make soak` says 600) from SOAK_SEED: afterwards every byte
/// was right, every counter adds up, and nothing is left.
/// </summary>
[Trait("Category", "Soak")]
[Collection(Alone.Name)]
public sealed class SoakTests(Site site) : IClassFixture<Site>
{
    private const int CalmActors = 12;
    private const int RoughActors = 8;
    private const int IdleConnections = 200;
    private const int DescriptorsSpare = 24; // Pipes kept for the next plain relay.
    private const int LongSeconds = 120;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task Mixed_traffic_under_churn_loses_no_byte_and_leaves_nothing_behind()
    {
        site.SkipIfImpossible();
        if (!Shell.Has("python3")) Assert.Skip("needs python3");
        var duration = TimeSpan.FromSeconds(Number("SOAK_SECONDS", 20));
        var seed = (int)Number("SOAK_SEED", 42);
        var isLong = duration.TotalSeconds >= LongSeconds;
        using var calm = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed);
        using var aborting = new ServerApplication(site.Server, Site.ServerIp, Ports.Aborting, isRough: true, seed + 1);
        using var denied = new ServerApplication(site.Server, Site.ServerIp, Ports.Denied, isRough: true, seed + 2);
        using var second = new ServerApplication(site.Server, Site.SecondIp, Ports.Aborting, isRough: true, seed + 3);
        ProxyNode[] nodes = [site.Client, site.Server];
        Say($"{duration.TotalSeconds:0} s, seed {seed}: {CalmActors} calm and {RoughActors} rough actors, {IdleConnections} idle connections");

        // Code is compiled and buffers are made in the first seconds: that is not what a leak looks like.
        var traffic = new Traffic(site.Client, seed, bulkBytesMax: isLong ? 32 << 20 : 8 << 20);
        await RunAsync(traffic, null, WarmUp, static _ => { }, idle: 20);
        await QuietAsync(nodes);
        var before = nodes.Select(static node => node.Sample).ToArray();

        var churn = new Churn(site, seed);
        var samples = new List<(ProcessSample Client, ProcessSample Server)>();
        await RunAsync(traffic, churn, duration, elapsed =>
        {
            samples.Add((site.Client.Sample, site.Server.Sample));
            if (samples.Count % (isLong ? 10 : 5) != 0) return;
            var (c, s) = samples[^1];
            Say($"{elapsed.TotalSeconds,4:0} s  {traffic.Exchanges,8:N0} exchanges, {traffic.Cut,6:N0} cut, {traffic.Problems.Count} problems, "
                + $"{churn.PolicyChanges + churn.WorkloadChanges} changes, {churn.Kills} kills, RSS {c.RssMib:0.0}/{s.RssMib:0.0} MiB, fds {c.Descriptors}/{s.Descriptors}");
        }, IdleConnections);
        var quietAfter = await QuietAsync(nodes);
        var after = nodes.Select(static node => node.Sample).ToArray();

        Table(traffic, calm, nodes, before, after, samples, quietAfter);
        Assert.Empty(traffic.Problems.Concat(calm.Problems).Concat(aborting.Problems).Concat(denied.Problems).Concat(second.Problems));
        Assert.True(traffic.Exchanges > duration.TotalSeconds * 10, "the machine did next to nothing");
        Assert.True(traffic.Cut > 0 && churn.Kills > 0 && churn.PolicyChanges > 0, "nothing rough happened");
        AssertBytes(traffic, calm);
        foreach (var node in nodes) AssertCounters(node);
        for (var i = 0; i < nodes.Length; i++)
        {
            Assert.True(after[i].Descriptors <= before[i].Descriptors + DescriptorsSpare, $"{nodes[i].Name}: {before[i].Descriptors} descriptors became {after[i].Descriptors}");
        }

        AssertPlateau("client", [.. samples.Select(static sample => sample.Client.AnonMib)], isLong);
        AssertPlateau("server", [.. samples.Select(static sample => sample.Server.AnonMib)], isLong);
        foreach (var node in nodes) node.Terminate();
        foreach (var node in nodes) Shell.WaitFor($"the end of {node.Name}", () => node.ExitCode is not null);
        Assert.All(nodes, static node => Assert.Equal(0, node.ExitCode));
    }

    private static async Task RunAsync(Traffic traffic, Churn? churn, TimeSpan duration, Action<TimeSpan> everySecond, int idle)
    {
        using var stop = new CancellationTokenSource();
        var opened = Enumerable.Range(0, idle).Select(static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
        var running = opened.Select((one, i) => traffic.IdleAsync(i, one, stop.Token)).ToList();
        await Task.WhenAll(opened.Select(static one => one.Task));
        for (var i = 0; i < CalmActors; i++) running.Add(traffic.CalmAsync(i, stop.Token));
        for (var i = 1; i <= RoughActors; i++) running.Add(traffic.RoughAsync(i, stop.Token));
        if (churn is not null) running.AddRange([churn.PublishAsync(stop.Token), churn.KillAsync(stop.Token)]);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration;)
        {
            await Task.Delay(1000, CancellationToken.None);
            everySecond(clock.Elapsed);
        }

        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    /// <summary>Waits until no connection and no tunnel is left, as the proxies and the kernel tell it.</summary>
    private static async Task<TimeSpan> QuietAsync(ProxyNode[] nodes)
    {
        var clock = Stopwatch.StartNew();
        foreach (var node in nodes)
        {
            Shell.WaitFor($"{node.Name} carries nothing ({node.Metrics.Sum("istio_tcp_sockets_open")} connections)", () => node.Metrics.Sum("istio_tcp_sockets_open") == 0);
            Shell.WaitFor($"{node.Name} has no tunnel ({node.Tunnels()})", () => node.Tunnels() == 0);
        }

        await Task.Delay(500, CancellationToken.None);
        return clock.Elapsed;
    }

    /// <summary>Nobody cut these connections, so five accounts of the same bytes must agree.</summary>
    private void AssertBytes(Traffic traffic, ServerApplication calm)
    {
        Shell.WaitFor("the last access lines", () =>
            site.Client.Access.Of("outbound", Ports.Calm).Connections == traffic.Connections && site.Server.Access.Of("inbound", Ports.Calm).Connections == traffic.Connections);
        var (outbound, inbound) = (site.Client.Access.Of("outbound", Ports.Calm), site.Server.Access.Of("inbound", Ports.Calm));
        Assert.Equal((traffic.Connections, 0L), (outbound.Connections, outbound.Errors));
        Assert.Equal((traffic.Connections, 0L), (inbound.Connections, inbound.Errors));
        Assert.Equal(traffic.Connections, calm.Connections);
        Assert.Equal((traffic.Sent, traffic.Sent, traffic.Sent), (outbound.Sent, inbound.Received, calm.Received));
        Assert.Equal((traffic.Received, traffic.Received, traffic.Received), (outbound.Received, inbound.Sent, calm.Sent));
    }

    private static void AssertCounters(ProxyNode node)
    {
        var metrics = node.Metrics;
        var direction = node.Metrics.Sum("istio_tcp_connections_opened_total", "reporter=\"source\"") > 0 ? "outbound" : "inbound";
        var logged = node.Access.All(direction);
        Assert.Empty(node.Access.Faults);
        Assert.Equal(metrics.Sum("istio_tcp_connections_opened_total"), metrics.Sum("istio_tcp_connections_closed_total"));
        Assert.Equal(direction == "outbound" ? logged.Sent : logged.Received, metrics.Sum("istio_tcp_received_bytes_total"));
        Assert.Equal(direction == "outbound" ? logged.Received : logged.Sent, metrics.Sum("istio_tcp_sent_bytes_total"));
    }

    /// <summary>The last quarter of the run needs no more memory than the second one.</summary>
    private static void AssertPlateau(string who, double[] anon, bool isLong)
    {
        var quarter = anon.Length / 4;
        var (early, late) = (anon[quarter..(2 * quarter)].Average(), anon[(3 * quarter)..].Average());
        var spare = isLong ? 4 + (early * 0.05) : 12 + (early * 0.1); // Twenty seconds still compile code and fill pools.
        Assert.True(late <= early + spare, $"{who}: {early:0.0} MiB in the second quarter became {late:0.0} MiB in the last");
    }

    private static void Table(
        Traffic traffic, ServerApplication calm, ProxyNode[] nodes, ProcessSample[] before, ProcessSample[] after,
        List<(ProcessSample Client, ProcessSample Server)> samples, TimeSpan quiet)
    {
        Say($"calm: {traffic.Connections:N0} connections, {traffic.Sent / 1048576.0:N1} MiB up, {traffic.Received / 1048576.0:N1} MiB down, served {calm.Connections:N0}");
        Say($"exchanges {traffic.Exchanges:N0}, cut {traffic.Cut:N0}, problems {traffic.Problems.Count}; quiet after {quiet.TotalSeconds:0.0} s");
        Say($"{"",-8}{"RSS start",11}{"RSS peak",11}{"RSS end",11}{"fds start",11}{"fds peak",11}{"fds end",11}{"CPU s",9}{"opened",10}{"closed",10}{"failed",9}");
        for (var i = 0; i < nodes.Length; i++)
        {
            var mine = samples.Select(sample => i == 0 ? sample.Client : sample.Server).ToArray();
            var metrics = nodes[i].Metrics;
            Say(string.Create(CultureInfo.InvariantCulture, $"{(i == 0 ? "client" : "server"),-8}{before[i].RssMib,11:0.0}{mine.Max(static s => s.RssMib),11:0.0}{after[i].RssMib,11:0.0}")
                + $"{before[i].Descriptors,11}{mine.Max(static s => s.Descriptors),11}{after[i].Descriptors,11}{after[i].CpuSeconds - before[i].CpuSeconds,9:0.0}"
                + $"{metrics.Sum("istio_tcp_connections_opened_total"),10:N0}{metrics.Sum("istio_tcp_connections_closed_total"),10:N0}{metrics.Sum("istio_tcp_connections_failed_total"),9:N0}");
        }
    }

    private static void Say(string line) => Console.WriteLine("soak: " + line);

    private static long Number(string name, long otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
