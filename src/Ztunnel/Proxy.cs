using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Inpod;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Model.Snapshot;
using Mesh.Tls13.Records;
using Mesh.Ztunnel.Admin;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Reach;
using Mesh.Ztunnel.Revocation;
using Mesh.Ztunnel.Workers;
using Mesh.Ztunnel.Yaml;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel;

/// <summary>The running proxy: everything is bound before anything runs, and what it starts ends before it does. One per process.</summary>
internal sealed class Proxy(ZtunnelOptions options, Log log, Shutdown shutdown, TimeProvider time)
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>A proxy that cannot go on takes no new connections, so what it carries holds its successor up no longer than this.</summary>
    private static readonly TimeSpan FailedDrainLongest = TimeSpan.FromSeconds(5);

    /// <summary>A step of the end; a loop that hangs must not keep the process.</summary>
    private static readonly TimeSpan EndStepLongest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettleDelay = TimeSpan.FromSeconds(1);
    private const int CodeReleaseGrowth = 4;
    private static readonly TimeSpan CodeReleaseLongest = TimeSpan.FromHours(1);
    private readonly ILogger _log = log.Scope("proxy");
    private readonly Metrics _metrics = new();
    private readonly Readiness _readiness = new();
    private readonly List<Worker> _workers = [];
    private PodProxy? _dedicated;
    private PodProxy? _self;
    private PodRegistry? _registry;

    /// <summary>Serves until told to stop; the exit code.</summary>
    public async Task<int> RunAsync()
    {
        var proxyReady = _readiness.Add("proxy");
        var stateReady = _readiness.Add("state manager");
        var dnsReady = options.DnsEnabled && options.ProxyEnabled ? _readiness.Add("dns proxy") : null;
        var builder = new MeshSnapshotBuilder(options.Mode == ProxyMode.Shared ? options.NodeName : null);
        if (LoadLocal(builder) is { } problem) return Fail(problem);
        var view = new MeshView(builder.Freeze());

        var seeds = new Random();
        var (source, sourceProblem) = CertificateSources.Create(options, log.Scope("certificates"), time);
        if (source is null) return Fail(sourceProblem!);
        var (revocations, revocationWatch, revocationProblem) = LoadRevocations();
        if (revocationProblem is not null) return Fail(revocationProblem);
        if (OpenKeyLog(out var keyLog) is { } closed) return Fail(closed);
        using var secrets = keyLog;
        await using var certificates = new CertificateStore(
            source, new TunnelIdentities(revocations, keyLog is null ? null : keyLog.Write), log.Scope("certificates"), time, new Random(seeds.Next()));
        var context = ContextOf(view, certificates);

        for (var i = 0; i < options.Workers; i++) _workers.Add(await Worker.StartAsync($"ztunnel-{i}", context, seeds.Next()));
        await using var housekeeping = StartHousekeeping();
        var admin = new AdminSurface(context, _workers, Pods, () => _registry?.Pending ?? [], _metrics, _readiness, shutdown);
        if (admin.Bind() is { } taken) return Fail($"an operator's port cannot be bound: {taken}");
        if (await BindPodsAsync(context, housekeeping) is { } refused) return Fail(refused);
        ProcessMetrics.Register(_metrics, options.Version, log);
        WorkerMetrics.Register(_metrics, _workers);
        _log.LogInformation("ztunnel {Version}: {Workers} workers, AES-GCM by {Library}", options.Version, _workers.Count, TlsSession.CipherLibrary);
        proxyReady.Done();
        dnsReady?.Done(); // From here on a pod's proxy is only told of when its names are answered, too.

        using var end = new CancellationTokenSource();
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(shutdown.Stop); // Also cancelled by vital work that fails.
        var running = new TaskSet(_log);
        running.AddVital("the operators' pages", admin.RunAsync(end.Token), serving);
        foreach (var loop in _workers.Select(static worker => worker.Loop).Append(housekeeping))
            running.AddVital($"the loop {loop.Name}", loop.Ended.WaitAsync(end.Token), serving);
        if (revocationWatch is not null)
        {
            var sweep = new RevocationSweep(certificates, _workers, context.Metrics, log.Scope("revocation"));
            running.AddVital("the watch of revocations", revocationWatch.RunAsync(sweep.ApplyAsync, end.Token), serving);
        }

        MeshFeed? feed = null;
        if (options.Xds is not null)
        {
            var chance = new Random(seeds.Next());
            feed = new MeshFeed(options, builder, view, certificates, _metrics, log.Scope("xds"), time, chance, context.Names);
            running.AddVital("the feed of the mesh", feed.RunAsync(end.Token), serving);
        }

        running.Add(SettleMemoryAsync(feed, end.Token));
        var pods = new TaskSet(_log);
        pods.AddVital("the care of the pods", CareForPodsAsync(feed, housekeeping, stateReady, serving.Token), serving);
        await WaitAsync(serving.Token);
        return await EndAsync(running, pods, end);
    }

    /// <summary>What ends in which order; the exit code.</summary>
    private async Task<int> EndAsync(TaskSet running, TaskSet pods, CancellationTokenSource end)
    {
        // First nobody gives us pods any more: those that came later would be taken from our successor. One that hangs must not keep the rest.
        await InTimeAsync(pods.WhenAllAsync());
        var failure = running.Failure ?? pods.Failure;
        await DrainAsync(failure is not null && FailedDrainLongest < options.DrainDeadline ? FailedDrainLongest : options.DrainDeadline);
        await end.CancelAsync();
        await running.WhenAllAsync();
        await InTimeAsync(Task.WhenAll(_workers.Select(static worker => worker.DisposeAsync().AsTask())));
        if (failure is null) return 0;
        _log.LogError("ended, to be started anew, because of {Failure}", failure);
        return 1;
    }

    private IReadOnlyCollection<PodProxy> Pods()
    {
        if (_registry is not { } registry) return _dedicated is { } one ? [one] : [];
        return _self is { } self ? [.. registry.Pods, self] : registry.Pods;
    }

    private ProxyContext ContextOf(MeshView view, CertificateStore certificates) => new(
        options,
        view,
        certificates,
        new ConnectionMetrics(_metrics, options.MetricSeriesMax),
        new AccessLog(log.Scope("access"), log.Scope("policy"), time, options.AccessLog, options.PolicyInfoLogging),
        log,
        new HboneOptions
        {
            DialTimeout = options.DialTimeout,
            StreamsPerTunnelMax = options.StreamsPerTunnelMax,
            UnusedRelease = options.UnusedTunnelRelease,
            StreamWindowBytes = options.StreamWindowBytes,
            ConnectionWindowBytes = options.ConnectionWindowBytes,
            FrameBytesMax = options.FrameBytesMax,
        },
        time)
    {
        Reach = new ReachMetrics(_metrics),
        Dns = DnsSettings.Create(options, log, _metrics),
        Names = options.XdsOnDemand ? new OnDemandNames(view, time) : null,
    };

    private string? LoadLocal(MeshSnapshotBuilder builder)
    {
        try
        {
            if (options.LocalXdsPath is { } path)
            {
                using var file = File.OpenRead(path);
                LocalConfig.Load(file, builder);
            }
            else if (options.LocalXds is { } text)
            {
                LocalConfig.Load(text, builder);
            }

            return null;
        }
        catch (YamlException e)
        {
            return $"the local configuration is wrong: {e.Message}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"LOCAL_XDS_PATH cannot be read: {e.Message}";
        }
    }

    /// <summary>Missing or broken lists are told loudly and tolerated, as upstream does, unless the operator rather has no proxy.</summary>
    private (RevocationView? View, RevocationWatch? Watch, string? Problem) LoadRevocations()
    {
        if (options.CrlPath is not { } path) return (null, null, null);
        var view = new RevocationView();
        var watch = new RevocationWatch(path, view, _metrics, log.Scope("revocation"), time);
        if (watch.Load() is not { } problem) return (view, watch, null);
        if (options.CrlRequired) return (null, null, $"MESH_CRL_REQUIRED is set and CRL_PATH {path} is not usable: {problem}");
        _log.LogError(
            "CRL_PATH {Path} is not usable: {Problem}. REVOKED CERTIFICATES ARE ACCEPTED until it is (MESH_CRL_REQUIRED=true would refuse to start)",
            path,
            problem);
        return (view, watch, null);
    }

    private string? OpenKeyLog(out KeyLogFile? keyLog)
    {
        keyLog = null;
        if (options.KeyLogPath is not { } path) return null;
        keyLog = KeyLogFile.TryOpen(path, _log, out var problem);
        if (keyLog is null) return $"SSLKEYLOGFILE cannot be opened: {path}: {problem}";
        _log.LogWarning(
            "SSLKEYLOGFILE is set: the secrets of EVERY tunnel are written to {Path}; whoever reads it can decrypt all traffic of this node", path);
        return null;
    }

    private EventLoop StartHousekeeping()
    {
        var faults = log.Scope("loop");
        return EventLoop.Start(new EventLoopOptions
        {
            Name = "ztunnel-main",
            ScratchBytes = 4096,
            OnFault = (where, fault) => faults.LogError(fault, "{Where} failed", where),
        });
    }

    /// <summary>A dedicated proxy listens at once; a shared one when the node agent tells it where.</summary>
    private async Task<string?> BindPodsAsync(ProxyContext context, EventLoop housekeeping)
    {
        if (!options.ProxyEnabled) return null;
        if (options.Dedicated is { } me)
        {
            var pod = new PodProxy($"dedicated/{me.Namespace}/{me.Name}", new PodInfo(me.Name, me.Namespace, me.ServiceAccount), null, context, _workers);
            if (await pod.StartAsync() is { } problem) return problem;
            _dedicated = pod;
            return null;
        }

        _registry = new PodRegistry(context, _workers, housekeeping, _readiness.Add("workload proxy manager"), _metrics);
        return await BindSelfAsync(context);
    }

    /// <summary>Tunnels to the proxy's own pod, so that its metrics can be read through the mesh; when it is told which pod that is.</summary>
    private async Task<string?> BindSelfAsync(ProxyContext context)
    {
        if (options is not { PodName.Length: > 0, PodNamespace.Length: > 0, ServiceAccount.Length: > 0 }) return null;
        var self = new PodProxy("self", new PodInfo(options.PodName, options.PodNamespace, options.ServiceAccount), null, context, _workers)
        {
            IsInboundOnly = true,
        };
        if (await self.StartAsync() is { } problem) return $"the proxy's own pod cannot be reached through the mesh: {problem}";
        _self = self;
        return null;
    }

    /// <summary>The mesh first, then the pods, until told to stop: an agent's pod is only taken when its workload can be known.</summary>
    private async Task CareForPodsAsync(MeshFeed? feed, EventLoop housekeeping, ReadinessTask ready, CancellationToken stop)
    {
        if (feed is not null) await feed.Synced.WaitAsync(stop);
        ready.Done();
        if (_registry is { } registry) await housekeeping.InvokeAsync(() => registry.RunAsync(stop));
        else await WaitAsync(stop);
    }

    /// <summary>
    /// Reading the mesh made garbage and used code that nobody needs again soon: both are given back, the garbage while nothing is carried
    /// yet. Code that single events need (handshakes, a page, a push) is given back now and then, ever less often: it costs a fault to return.
    /// </summary>
    private async Task SettleMemoryAsync(MeshFeed? feed, CancellationToken stop)
    {
        try
        {
            if (feed is not null) await feed.Synced.WaitAsync(stop);
            await Task.Delay(SettleDelay, time, stop); // The first certificate has come by then.
            if (_workers.Sum(static worker => worker.LiveCount) == 0)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            for (var pause = SettleDelay; ; pause = pause < CodeReleaseLongest / CodeReleaseGrowth ? CodeReleaseGrowth * pause : CodeReleaseLongest)
            {
                ProcessMemory.ReleaseCode();
                await Task.Delay(pause, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nothing to save at the end.
        }
    }

    /// <summary>Listeners close at once, tunnels are told to finish, connections go on until the deadline, and the rest is cut.</summary>
    private async Task DrainAsync(TimeSpan longest)
    {
        _log.LogInformation("draining for up to {Deadline}", longest);
        var started = time.GetTimestamp();
        await InTimeAsync(Task.WhenAll(Pods().Select(static pod => pod.DrainAsync())));
        do
        {
            await Task.Delay(DrainPoll, time); // What was just accepted is not counted yet.
        }
        while (_workers.Sum(static worker => worker.LiveCount) > 0 && time.GetElapsedTime(started) < longest);

        await InTimeAsync(Task.WhenAll(Pods().Select(static pod => pod.CutAsync(RelayEnd.Drained))));
        await Task.Delay(DrainPoll, time); // What was cut still writes its line.
    }

    private async Task InTimeAsync(Task step)
    {
        try
        {
            await step.WaitAsync(EndStepLongest, time);
        }
        catch (TimeoutException)
        {
            _log.LogError("a step of the end took longer than {Longest}; going on without it", EndStepLongest);
        }
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }

    private int Fail(string problem)
    {
        _log.LogError("cannot start: {Problem}", problem);
        return 1;
    }
}
