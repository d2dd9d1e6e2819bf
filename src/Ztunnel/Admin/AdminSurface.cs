using System.Net;
using System.Net.Sockets;
using Mesh.Daemon;
using Mesh.Daemon.Admin;
using Mesh.Daemon.Metering;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>The pages for operators: admin on the loopback, metrics and readiness on every address. All ports are bound when this returns.</summary>
internal sealed class AdminSurface(
    ProxyContext context,
    IReadOnlyList<Worker> workers,
    Func<IReadOnlyCollection<PodProxy>> pods,
    Func<IReadOnlyCollection<PendingPod>> pending,
    Metrics metrics,
    Readiness readiness,
    Shutdown shutdown)
{
    private readonly List<AdminServer> _servers = [];

    /// <summary>Binds everything; null, or which port could not be bound.</summary>
    public string? Bind()
    {
        var options = context.Options;
        var counters = new AdminCounters(metrics);
        var admin = AdminPages();
        var stats = new AdminPages().Metrics(metrics, "/metrics", "/stats/prometheus");
        var pulse = new WorkerPulse([.. workers.Select(static worker => worker.Loop)], WorkerPulse.PatienceDefault, context.Time);
        var ready = new AdminPages().Get("/healthz/ready", (_, _) => ReadinessPage.AnswerAsync(readiness, pulse));
        try
        {
            Add(new IPEndPoint(IPAddress.Loopback, options.AdminPort), admin, counters);
            if (options.Ipv6 && Socket.OSSupportsIPv6) TryAdd(new IPEndPoint(IPAddress.IPv6Loopback, options.AdminPort), admin, counters);
            Add(Everywhere(options.StatsPort), stats, counters);
            Add(Everywhere(ZtunnelOptions.ReadinessPort), ready, counters);
            return null;
        }
        catch (SocketException e)
        {
            foreach (var server in _servers) server.Dispose();
            return e.Message;
        }
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_servers.Select(server => server.RunAsync(stop)));

    private AdminPages AdminPages() => new AdminPages()
        .Get("/", static _ => AdminResponse.Text(
            "config_dump   GET   the mesh, certificates, pods and connections as JSON\n"
            + "connections   GET   live connections, one a line\n"
            + "reachability  GET   how peers' port 15008 answers, worst first, as JSON; ?format=text: as a table\n"
            + "logging       GET   the log levels in use; POST ?level=debug for all, ?level=access:warn for one scope, ?reset\n"
            + "quitquitquit  POST  drain and end\n"
            + "debug/memory  GET   what the garbage collector and the kernel say about memory\n"
            + "debug/threads GET   processor time of each thread; ?seconds=5: its share of a processor during them\n"))
        .Get("/config_dump", async (_, _) => AdminResponse.Json(await ConfigDump.RenderAsync(context, pods(), pending())))
        .Get("/connections", async (_, _) => AdminResponse.Text(await ConnectionPage.RenderAsync(context, pods())))
        .Get("/reachability", async (request, _) => await ReachabilityPage.RenderAsync(request, pods()))
        .Get("/logging", _ => LoggingPage.Show(context.Log))
        .Post("/logging", request => LoggingPage.Change(context.Log, request))
        .Get("/debug/memory", RuntimePages.Memory)
        .Get("/debug/threads", (request, stop) => RuntimePages.ThreadsAsync(request, context.Time, stop))
        .Get("/debug/pprof/profile", RuntimePages.NoProfile)
        .Get("/debug/pprof/heap", RuntimePages.NoHeapProfile)
        .Get("/debug/pprof/heap/profiling", RuntimePages.NoHeapProfile)
        .Post("/quitquitquit", _ =>
        {
            shutdown.Request();
            return AdminResponse.Text("shutting down\n");
        });

    private IPEndPoint Everywhere(int port) =>
        new(context.Options.Ipv6 && Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);

    private void Add(IPEndPoint at, AdminPages pages, AdminCounters counters) =>
        _servers.Add(new AdminServer(at, pages, counters, context.Log.Scope("admin"), context.Time));

    /// <summary>A second address of the same page, for machines that have it.</summary>
    private void TryAdd(IPEndPoint at, AdminPages pages, AdminCounters counters)
    {
        try
        {
            Add(at, pages, counters);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            // IPv6 is off on this machine's loopback.
        }
    }
}
