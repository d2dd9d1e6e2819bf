using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Hostile;

/// <summary>Ten thousand at once: handshakes that never end, and connections that say nothing. Memory is measured, so each has its own proxies.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class CrowdTests : IAsyncLifetime
{
    private readonly Site site = new();

    private const int Crowd = 10_000;
    private const int DescriptorsSpare = 1_000;

    /// <summary>What a crowd of silent handshakes may cost in all.</summary>
    private const double HalfOpenRssMib = 96;

    /// <summary>What one idle connection through both proxies may cost each of them.</summary>
    private const double IdleKib = 8;

    public ValueTask InitializeAsync() => site.InitializeAsync();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    public static TheoryData<string> Beginnings => ["nothing", "half a client hello", "a whole client hello"];

    [Theory, MemberData(nameof(Beginnings))]
    public async Task Handshakes_that_never_end_neither_fill_the_memory_nor_keep_others_out(string beginning)
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        var count = Possible();
        var hello = beginning == "nothing" ? [] : await ClientHelloAsync();
        if (beginning == "half a client hello") hello = hello[..(hello.Length / 2)];
        var calm = await bystander.AskWhileAsync(Task.Delay(700, CancellationToken.None));
        var before = site.Server.Sample;
        var peak = before;
        var sockets = new List<Socket>();
        var crowding = Task.Run(async () =>
        {
            while (sockets.Count < count)
            {
                foreach (var socket in site.Client.Sockets(100))
                {
                    await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), 15008).WaitAsync(Soak.Wire.Patience);
                    if (hello.Length > 0) await SendAsync(socket, hello);
                    sockets.Add(socket);
                }

                if (site.Server.Sample is var now && now.RssMib > peak.RssMib) peak = now;
            }
        });
        var under = await bystander.AskWhileAsync(crowding);
        var whileThere = await bystander.AskWhileAsync(Task.Delay(1000, CancellationToken.None));
        if (site.Server.Sample is var last && last.RssMib > peak.RssMib) peak = last;
        Report($"{count} handshakes that stop after {beginning}", calm, under, before, peak);
        Console.WriteLine($"hostile:   others beside: {whileThere}");

        Assert.True(peak.RssMib <= before.RssMib + HalfOpenRssMib, $"{before.RssMib:0.0} MiB became {peak.RssMib:0.0} MiB");
        foreach (var socket in sockets) socket.Dispose();
        Shell.WaitFor("the end of the crowd", () => site.Server.Sample.Descriptors < before.Descriptors + 50);
        Assert.Empty(site.Server.Access.Faults);
    }

    [Fact]
    public async Task Ten_thousand_idle_connections_cost_little_memory_and_no_time()
    {
        site.SkipIfImpossible();
        if (!Shell.Has("python3")) Assert.Skip("needs python3");
        using var bystander = new Bystander(site);
        var count = Possible();
        // The far ends live in a process of their own, or this one would run out of descriptors.
        using var sleeper = site.Server.StartInside(["python3", "-c", """
            import resource, select, socket
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('10.93.0.2', 8087)); s.listen(4096)
            poll = select.epoll(); poll.register(s, select.EPOLLIN); held = {}
            while True:
                for fd, _ in poll.poll():
                    if fd == s.fileno():
                        c, _ = s.accept(); held[c.fileno()] = c; poll.register(c, select.EPOLLIN); continue
                    c = held[fd]
                    try: data = c.recv(4096)
                    except OSError: data = b''
                    if data: c.sendall(data)
                    else: poll.unregister(fd); c.close(); del held[fd]
            """]);
        try
        {
            var calm = await bystander.AskWhileAsync(Task.Delay(700, CancellationToken.None));
            var (client, server) = (site.Client.Sample, site.Server.Sample);
            var sockets = new List<Socket>();
            var crowding = Task.Run(async () =>
            {
                while (sockets.Count < count)
                {
                    var batch = site.Client.Sockets(100);
                    foreach (var socket in batch)
                    {
                        await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), 8087).WaitAsync(Soak.Wire.Patience);
                        await Soak.Wire.SendAsync(socket, "x"u8.ToArray());
                    }

                    foreach (var socket in batch) Assert.Equal(1, await Soak.Wire.ReceiveAsync(socket, new byte[1]));
                    sockets.AddRange(batch);
                }
            });
            var under = await bystander.AskWhileAsync(crowding);
            var (clientThen, serverThen) = (site.Client.Sample, site.Server.Sample);
            Report($"{count} idle connections", calm, under, server, serverThen);
            await Task.Delay(3000, CancellationToken.None); // What the crowd made hot is compiled meanwhile.
            (clientThen, serverThen) = (site.Client.Sample, site.Server.Sample);
            await Task.Delay(3000, CancellationToken.None);
            var (clientIdle, serverIdle) = (site.Client.Sample.CpuSeconds - clientThen.CpuSeconds, site.Server.Sample.CpuSeconds - serverThen.CpuSeconds);
            var (clientEach, serverEach) = ((clientThen.RssMib - client.RssMib) * 1024 / count, (serverThen.RssMib - server.RssMib) * 1024 / count);
            Console.WriteLine($"hostile:   each costs {clientEach:0.0} KiB at the client's proxy, {serverEach:0.0} KiB at the server's; CPU while idle {clientIdle / 3:0.000} and {serverIdle / 3:0.000} of a core");
            Assert.True(clientEach < IdleKib && serverEach < IdleKib, $"{clientEach:0.0} and {serverEach:0.0} KiB each");
            Assert.True(clientIdle + serverIdle < 1.0, $"{clientIdle + serverIdle:0.00} CPU seconds in 3 idle seconds");

            foreach (var socket in sockets.Where(static (_, i) => i % 100 == 0)) // They still work.
            {
                await Soak.Wire.SendAsync(socket, "y"u8.ToArray());
                Assert.Equal(1, await Soak.Wire.ReceiveAsync(socket, new byte[1]));
            }

            foreach (var socket in sockets) socket.Dispose();
            Shell.WaitFor("the end of the crowd", () => site.Server.Sample.Descriptors < server.Descriptors + 50 && site.Client.Sample.Descriptors < client.Descriptors + 50);
            Assert.Empty(site.Server.Access.Faults.Concat(site.Client.Access.Faults));
        }
        finally
        {
            sleeper.Kill();
        }
    }

    [Fact]
    public async Task Silent_clients_of_the_operators_ports_do_not_keep_the_health_check_out()
    {
        site.SkipIfImpossible();
        int[] ports = [15020, 15021];
        var silent = new List<Socket>();
        foreach (var socket in site.Client.Sockets(600))
        {
            await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), ports[silent.Count % ports.Length]).WaitAsync(Soak.Wire.Patience);
            silent.Add(socket);
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Contains("200 OK", site.Server.Http(15021, "GET /healthz/ready"));
            Assert.Contains("200 OK", site.Server.Http(15020, "GET /metrics"));
        }

        Assert.True(site.Server.Sample.Descriptors < 600, "they are bounded");
        foreach (var socket in silent) socket.Dispose();
        Assert.Empty(site.Server.Access.Faults);
    }

    [Fact]
    public async Task Idle_tunnels_cost_little_memory()
    {
        site.SkipIfImpossible();
        using var bystander = new Bystander(site);
        using var certificate = Enemy.CertificateOf(site);
        const int Tunnels = 1_000; // A handshake costs this process as much as the proxy; the cost of one is what counts.
        const double TunnelKib = 24;
        byte[] hello = [.. Frames.Preface, .. Frames.Settings(), .. Frames.SettingsAck];
        for (var i = 0; i < 200; i++) // Code and pools are made by the first ones.
        {
            await using var first = await Enemy.ConnectAsync(site, certificate, hello);
        }

        var calm = await bystander.AskWhileAsync(Task.Delay(1500, CancellationToken.None));
        var before = site.Server.Sample;
        var enemies = new List<Enemy>();
        var crowding = Task.Run(async () =>
        {
            for (var i = 0; i < Tunnels; i++) enemies.Add(await Enemy.ConnectAsync(site, certificate, hello));
        });
        var under = await bystander.AskWhileAsync(crowding);
        var there = site.Server.Sample;
        Report($"{Tunnels} idle tunnels", calm, under, before, there);
        var each = (there.RssMib - before.RssMib) * 1024 / Tunnels;
        Console.WriteLine($"hostile:   each tunnel costs {each:0.0} KiB");
        Assert.True(each < TunnelKib, $"{each:0.0} KiB each");
        Assert.DoesNotContain(enemies, static enemy => enemy.IsClosed);
        foreach (var enemy in enemies) await enemy.DisposeAsync();
        Shell.WaitFor("the end of the crowd", () => site.Server.Sample.Descriptors < before.Descriptors + 50);
    }

    /// <summary>As many as the limit of open files lets the proxy hold.</summary>
    private static int Possible()
    {
        var words = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var hard = words[4] == "unlimited" ? int.MaxValue : int.Parse(words[4], System.Globalization.CultureInfo.InvariantCulture);
        return Math.Min(Crowd, (hard - DescriptorsSpare) / 100 * 100);
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        try
        {
            await Soak.Wire.SendAsync(socket, bytes);
        }
        catch (SocketException)
        {
            // Ended already: that is allowed, and only the enemy's loss.
        }
    }

    /// <summary>The first record of a real client.</summary>
    private static async Task<byte[]> ClientHelloAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint);
        using var accepted = await listener.AcceptSocketAsync();
        await using var tls = new System.Net.Security.SslStream(new NetworkStream(client));
        var handshake = tls.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13,
            ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        });
        var buffer = new byte[16 * 1024];
        var read = await accepted.ReceiveAsync(buffer);
        accepted.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        return buffer[..read];
    }

    private static void Report(string attack, Bystander.Latencies calm, Bystander.Latencies under, ProcessSample before, ProcessSample after)
    {
        Console.WriteLine($"hostile: {attack}");
        Console.WriteLine($"hostile:   others before: {calm}");
        Console.WriteLine($"hostile:   others during: {under}");
        Console.WriteLine($"hostile:   RSS {before.RssMib:0.0} -> {after.RssMib:0.0} MiB, descriptors {before.Descriptors} -> {after.Descriptors}, CPU {after.CpuSeconds - before.CpuSeconds:0.00} s");
    }
}
