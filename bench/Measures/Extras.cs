using System.Globalization;
using Mesh.Bench.Variants;

namespace Mesh.Bench.Measures;

/// <summary>What is measured once per proxy, because it takes long or disturbs: idle connections, system calls, new tunnels, policies, scale.</summary>
internal static class Extras
{
    private const int IdleConnections = 10_000;
    private const int TunnelConnections = 4_000;
    private const int PolicyRules = 10_000;
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(3);
    private const double KibPerMib = 1024;
    private const double BytesPerGib = 1L << 30;

    public static void OfRunning(Site site, Variant variant, BenchOptions options, Results results)
    {
        if (options.Wants(BenchOptions.Calls)) Note(results, variant, "system calls", () => SystemCallsOf(site, variant, results));
        if (options.Wants(BenchOptions.Idle)) Note(results, variant, "idle connections", () => Idle(site, variant, results));
    }

    /// <summary>A handshake and a CONNECT for each connection, because each goes to an address of its own.</summary>
    public static void NewTunnels(Site site, string name, string binary, Results results)
    {
        using var ztunnel = new Ztunnel(name, binary, extraWorkloads: TunnelConnections);
        Note(results, ztunnel, "new tunnels", () =>
        {
            ztunnel.Start(site);
            var before = Usage.CpuSeconds(ztunnel.HttpPath);
            var output = Python(site, $$"""
                import socket, sys, time, threading
                N, W = {{TunnelConnections}}, 16
                start, ok, lock = time.time(), [0], threading.Lock()
                def work(w):
                    done = 0
                    for i in range(w, N, W):
                        try:
                            c = socket.create_connection(('{{Site.ManyServersPrefix}}%d.%d' % (i >> 8, i & 255), {{Site.HttpPort}}), timeout=20)
                            c.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
                            done += c.recv(4096).startswith(b'HTTP/1.1 200')
                            c.close()
                        except OSError: pass
                        if time.time() - start > 8: break
                    with lock: ok[0] += done
                ts = [threading.Thread(target=work, args=(w,)) for w in range(W)]
                [t.start() for t in ts]; [t.join() for t in ts]
                print(ok[0], time.time() - start)
                """);
            var cells = output.Split(' ');
            var tunnels = double.Parse(cells[0], CultureInfo.InvariantCulture);
            if (tunnels == 0) throw new BenchException("no tunnel came up");
            results.Add(name, "tunnels.rps", tunnels / double.Parse(cells[1], CultureInfo.InvariantCulture));
            results.Add(name, "tunnels.cpu", (Usage.CpuSeconds(ztunnel.HttpPath) - before) / tunnels * 1e6);
        });
    }

    /// <summary>New connections per second while 10,000 rules have to be looked at for each.</summary>
    public static void Policies(Site site, string name, string binary, int seconds, Results results)
    {
        using var ztunnel = new Ztunnel(name, binary, policyRules: PolicyRules);
        Note(results, ztunnel, "10,000 rules", () =>
        {
            ztunnel.Start(site);
            _ = Load.Saturate(16, 1, newConnections: true);
            var before = Usage.CpuSeconds(ztunnel.HttpPath);
            var (perSecond, requests, latencies, _) = Load.Saturate(16, seconds, newConnections: true);
            results.Add(name, "rules.rps", perSecond);
            results.Add(name, "rules.p99", latencies.At(99));
            results.Add(name, "rules.cpu", (Usage.CpuSeconds(ztunnel.HttpPath) - before) / requests * 1e6);
        });
    }

    /// <summary>Time to ready and memory with so many workloads in the mesh.</summary>
    public static void Scale(Site site, string name, string binary, Results results)
    {
        foreach (var workloads in (int[])[1, 1_000, 100_000])
        {
            var file = Path.Combine(site.Work, $"scale-{workloads}.yaml");
            if (!File.Exists(file)) File.WriteAllText(file, ScaleFile.Text(workloads));
            var clock = System.Diagnostics.Stopwatch.StartNew();
            using var process = Shell.Start(Site.ClientNode, binary, [], Path.Combine(site.Work, $"{name}-scale.log"), Ztunnel.Environment(site.Work, ScaleFile.OwnName, ScaleFile.OwnAccount, file));
            try
            {
                Waiting.Until(() => Ztunnel.IsReady(Site.ClientNode), $"{name} is ready with {workloads} workloads");
                results.Add(name, $"scale{workloads}.ready", clock.Elapsed.TotalSeconds);
                results.Add(name, $"scale{workloads}.rss", Usage.SettledMibOfAll([process]));
            }
            catch (Exception e) when (e is BenchException or IOException)
            {
                results.Problem($"{name}, {workloads} workloads: {e.Message}");
            }
            finally
            {
                Site.Kill(process);
            }
        }
    }

    private static void Idle(Site site, Variant variant, Results results)
    {
        var connections = Math.Min(IdleConnections, (Site.FilesMax - Site.FilesSpare) / variant.FilesPerConnection);
        if (connections < IdleConnections) results.Note($"{variant.Name}: {connections} idle connections in place of {IdleConnections}, because of the limit of {Site.FilesMax} open files");
        var before = Usage.RssMibOfAll(variant.HttpPath);
        // The client keeps them open until a line comes in; it measures us meanwhile.
        var ready = Path.Combine(site.Work, "idle.ready");
        File.Delete(ready);
        using var client = Shell.Start(Site.ClientNode, "python3", ["-c", $$"""
            import socket, resource, time
            resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
            s = []
            for i in range({{connections}}):
                c = socket.create_connection(('{{Site.ServerIp}}', {{Site.HttpPort}}), timeout=20)
                c.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'); s.append(c)
                if i % 50 == 49: [x.recv(4096) for x in s[-50:]]
            open('{{ready}}', 'w').write('ok')
            time.sleep(600)
            """], Path.Combine(site.Work, "idle.log"));
        try
        {
            Waiting.Until(() => File.Exists(ready) || client.HasExited, "the idle connections are open");
            if (client.HasExited) throw new BenchException(File.ReadLines(Path.Combine(site.Work, "idle.log")).LastOrDefault() ?? "the client gave up");
            var after = Usage.SettledMibOfAll(variant.HttpPath);
            results.Add(variant.Name, "idle.rss", after);
            results.Add(variant.Name, "idle.each", (after - before) * KibPerMib / connections);
            var cpu = Usage.CpuSeconds(variant.HttpPath);
            Thread.Sleep(IdleInterval); // Not a wait for something: this is what is measured.
            results.Add(variant.Name, "idle.cpu", (Usage.CpuSeconds(variant.HttpPath) - cpu) / IdleInterval.TotalSeconds);
        }
        finally
        {
            Site.Kill(client);
        }
    }

    private static void SystemCallsOf(Site site, Variant variant, Results results)
    {
        using (var count = SystemCalls.Begin(site, variant.BulkPath))
        {
            var (_, bytes) = Load.Bulk(1, 2);
            results.Add(variant.Name, "calls.gib", count.End() / (bytes * 1.5 / BytesPerGib)); // One of three seconds is iperf3's own warm-up.
        }

        using (var count = SystemCalls.Begin(site, variant.HttpPath))
        {
            var (_, requests, _, _) = Load.Saturate(16, 2);
            results.Add(variant.Name, "calls.request", count.End() / requests);
        }
    }

    private static string Python(Site site, string program)
    {
        var file = Path.Combine(site.Work, "client.py");
        File.WriteAllText(file, program);
        return Shell.Run(Site.AsClient($"python3 '{file}'")).Trim();
    }

    private static void Note(Results results, Variant variant, string what, Action measure)
    {
        try
        {
            measure();
        }
        catch (Exception e) when (e is BenchException or IOException or InvalidOperationException)
        {
            results.Problem($"{variant.Name}, {what}: {e.Message.Split('\n')[0]}");
        }
    }
}
