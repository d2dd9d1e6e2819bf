using System.Net.Sockets;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Soak;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>Enemies at the real process: it ends them, stays within its budgets, and everybody else still gets answers.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class HostilePeerTests(Site site) : IClassFixture<Site>
{
    private const double RssSpareMib = 48;
    private const int DescriptorsSpare = 12;
    private const int TargetPort = 8084;
    private static readonly TimeSpan AttackTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FloodTime = TimeSpan.FromSeconds(10);
    private static readonly byte[] Hello = [.. Frames.Preface, .. Frames.Settings(), .. Frames.SettingsAck];

    public static TheoryData<string> Floods => ["rapid reset", "settings", "ping", "empty data", "window updates of nothing", "continuation", "unknown frames", "priority"];

    [Theory, MemberData(nameof(Floods))]
    public async Task A_flood_ends_with_the_connection_and_nobody_else_notices(string flood)
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        using var target = new ServerApplication(site.Server, Site.ServerIp, TargetPort, isRough: true, seed: 2);
        using var certificate = Enemy.CertificateOf(site);
        var (calm, before) = await CalmAsync(bystander);
        var (rounds, sent) = (0, 0L);
        var codes = new SortedSet<uint>();
        var attack = Task.Run(async () => // It comes back as often as it is thrown out.
        {
            for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < AttackTime; rounds++)
            {
                await using var enemy = await Enemy.ConnectAsync(site, certificate, FirstOf(flood));
                sent += await enemy.FloodAsync(i => Next(flood, i), FloodTime);
                Shell.WaitFor("the end of the enemy", () => enemy.IsClosed);
                if (enemy.GoAway is { } code) codes.Add(code);
            }
        });
        var under = await bystander.AskWhileAsync(attack);
        Report(flood, calm, under, before, site.Server.Sample, $"thrown out {rounds} times, {sent / rounds} frames or pairs written each time, GOAWAY {string.Join(", ", codes)}");
        Assert.DoesNotContain(0u, codes); // An enemy is not told that all is well.
        await AssertRecoveredAsync(before);
    }

    [Fact]
    public async Task A_peer_that_opens_no_window_stalls_only_its_own_stream()
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        using var fountain = site.Server.Listen(Site.ServerIp, 8085);
        using var certificate = Enemy.CertificateOf(site);
        var (calm, before) = await CalmAsync(bystander);
        const int Streams = 64;
        byte[] first = [.. Frames.Preface, .. Frames.Settings((4, 0)), .. Frames.SettingsAck, .. Enumerable.Range(0, Streams).SelectMany(i => Frames.Connect(1 + (2 * i), $"{Site.ServerIp}:8085"))];
        await using var enemy = await Enemy.ConnectAsync(site, certificate, first);
        var gushing = new List<Socket>();
        var water = new byte[1 << 20];
        long pushed = 0;
        for (var i = 0; i < Streams; i++)
        {
            var socket = await fountain.AcceptAsync().WaitAsync(Soak.Wire.Patience);
            gushing.Add(socket);
            _ = Task.Run(async () =>
            {
                try
                {
                    while (true) Interlocked.Add(ref pushed, await socket.SendAsync(water));
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // The end of the test.
                }
            });
        }

        var under = await bystander.AskWhileAsync(Task.Delay(3000, CancellationToken.None));
        var during = site.Server.Sample;
        Report("zero window", calm, under, before, during, $"{pushed / 1048576.0:0} MiB taken by the kernel for {Streams} streams");
        Assert.Equal(0, enemy.BytesRead / (1 << 20)); // Nothing but control frames came through.
        AssertMemory(before, during);
        foreach (var socket in gushing) socket.Dispose();
        await enemy.DisposeAsync();
        await AssertRecoveredAsync(before);
    }

    [Fact]
    public async Task Peers_that_do_not_read_are_stalled_by_their_own_socket()
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        using var certificate = Enemy.CertificateOf(site);
        using var fountain = site.Server.Listen(Site.ServerIp, 8086);
        var (calm, before) = await CalmAsync(bystander);
        const int Enemies = 16;
        byte[] first = [.. Frames.Preface, .. Frames.Settings((4, int.MaxValue)), .. Frames.SettingsAck, .. Frames.Frame(8, 0, 0, [0x7f, 0xff, 0, 0]), .. Frames.Connect(1, $"{Site.ServerIp}:8086")];
        var enemies = new List<Enemy>();
        var gushing = new List<Socket>();
        for (var i = 0; i < Enemies; i++)
        {
            enemies.Add(await Enemy.ConnectAsync(site, certificate, first, reads: false, receiveBuffer: 4096));
            var socket = await fountain.AcceptAsync().WaitAsync(Soak.Wire.Patience);
            gushing.Add(socket);
            _ = Task.Run(async () =>
            {
                try
                {
                    while (true) await socket.SendAsync(new byte[1 << 20]);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // The end of the test.
                }
            });
        }

        // A few bytes now and then, as slowly as a peer can that wants to be kept.
        var buffer = new byte[1];
        var sipping = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                foreach (var enemy in enemies) await enemy.ReadSomeAsync(buffer);
                await Task.Delay(100, CancellationToken.None);
            }
        });
        var under = await bystander.AskWhileAsync(sipping);
        var during = site.Server.Sample;
        Report("slow readers", calm, under, before, during, $"{Enemies} tunnels that read a byte at a time");
        AssertMemory(before, during);
        foreach (var socket in gushing) socket.Dispose();
        foreach (var enemy in enemies) await enemy.DisposeAsync();
        await AssertRecoveredAsync(before);
    }

    [Fact]
    public async Task Peers_that_write_a_byte_at_a_time_cost_no_more_than_their_sockets()
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        using var certificate = Enemy.CertificateOf(site);
        var (calm, before) = await CalmAsync(bystander);
        using var target = new ServerApplication(site.Server, Site.ServerIp, TargetPort, isRough: true, seed: 2);
        byte[] conversation = [.. Hello, .. Frames.Connect(1, $"{Site.ServerIp}:{TargetPort}")];
        var enemies = new List<Enemy>();
        for (var i = 0; i < 64; i++) enemies.Add(await Enemy.ConnectAsync(site, certificate, []));
        var writing = Task.Run(async () =>
        {
            foreach (var letter in conversation)
            {
                foreach (var enemy in enemies) await enemy.SendAsync([letter]);
                await Task.Delay(20, CancellationToken.None);
            }
        });
        var under = await bystander.AskWhileAsync(writing);
        var during = site.Server.Sample;
        Report("slow writers", calm, under, before, during, $"{enemies.Count} tunnels, {conversation.Length} records of one byte each");
        AssertMemory(before, during);
        Assert.DoesNotContain(enemies, static enemy => enemy.IsClosed); // Slow is not wrong.
        foreach (var enemy in enemies) await enemy.DisposeAsync();
        await AssertRecoveredAsync(before);
    }

    private static byte[] FirstOf(string flood) => flood switch
    {
        "continuation" => [.. Hello, .. Frames.Frame(1, 0, 1, [0x02, 7, .. "CONNECT"u8])],
        "empty data" => [.. Hello, .. Frames.Connect(1, $"{Site.ServerIp}:{TargetPort}")],
        _ => Hello,
    };

    private static byte[] Next(string flood, long number)
    {
        var stream = (int)(1 + (2 * number));
        return flood switch
        {
            "rapid reset" => [.. Frames.Connect(stream, $"{Site.ServerIp}:{TargetPort}"), .. Frames.Reset(stream)],
            "settings" => Frames.Settings((3, (uint)number)),
            "ping" => Frames.Ping,
            "empty data" => Frames.Frame(0, 0, 1, []),
            "window updates of nothing" => Frames.Frame(8, 0, 0, [0, 0, 0, 0]),
            "continuation" => Frames.Continuation(1),
            "unknown frames" => Frames.Frame(0x77, 0, 0, [1, 2, 3]),
            "priority" => Frames.Frame(2, 0, 1, [0, 0, 0, 0, 1]),
            _ => throw new ArgumentOutOfRangeException(nameof(flood)),
        };
    }

    private async Task<(Bystander.Latencies Calm, ProcessSample Before)> CalmAsync(Bystander bystander)
    {
        var calm = await bystander.AskWhileAsync(Task.Delay(700, CancellationToken.None));
        return (calm, site.Server.Sample);
    }

    private static void AssertMemory(ProcessSample before, ProcessSample now) =>
        Assert.True(now.RssMib <= before.RssMib + RssSpareMib, $"{before.RssMib:0.0} MiB became {now.RssMib:0.0} MiB");

    /// <summary>What the enemy took comes back.</summary>
    private async Task AssertRecoveredAsync(ProcessSample before)
    {
        AssertMemory(before, site.Server.Sample);
        for (var i = 0; i < 100 && site.Server.Sample.Descriptors > before.Descriptors + DescriptorsSpare; i++) await Task.Delay(100, CancellationToken.None);
        var after = site.Server.Sample.Descriptors;
        Assert.True(after <= before.Descriptors + DescriptorsSpare, $"{before.Descriptors} descriptors became {after}");
        Assert.Empty(site.Server.Access.Faults);
        Assert.Null(site.Server.ExitCode);
    }

    private static void Report(string attack, Bystander.Latencies calm, Bystander.Latencies under, ProcessSample before, ProcessSample after, string seen)
    {
        Console.WriteLine($"hostile: {attack}: {seen}");
        Console.WriteLine($"hostile:   others before: {calm}");
        Console.WriteLine($"hostile:   others during: {under}");
        Console.WriteLine($"hostile:   RSS {before.RssMib:0.0} -> {after.RssMib:0.0} MiB, descriptors {before.Descriptors} -> {after.Descriptors}, CPU {after.CpuSeconds - before.CpuSeconds:0.00} s");
    }
}
